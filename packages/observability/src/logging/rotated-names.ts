/** Names of the files that one logger writes over time: `app-%DATE%.log` → `app-2026-01-31.log`, `app-2026-01-31.1.log`, … */
export interface RotatedNames {
  nameOf(date: Date, index: number): string;
  /** What a file of the folder is to us; `undefined`: nothing. */
  read(name: string): RotatedName | undefined;
}

export interface RotatedName {
  /** `2026-01-31`. */
  readonly day: string;
  readonly index: number;
  /** Whether it is of this process, or of another one that writes here or did. */
  readonly isOurs: boolean;
  readonly kind: 'plain' | 'gzip' | 'half-made';
}

export const DATE = '%DATE%';
/** Of an archive that is being made; its name ends like nothing that anybody looks for. */
export const HALF_MADE = '.gz.tmp';

export function dayOf(date: Date): string {
  const two = (part: number) => String(part).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

const literally = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');

/**
 * @param pattern a file name with `%DATE%` in it
 * @param slot processes that write into one folder at the same time have different ones, from 1; the first shows none
 */
export function createRotatedNames(pattern: string, slot: number): RotatedNames {
  const at = pattern.lastIndexOf('.');
  const hasExtension = at > pattern.indexOf(DATE);
  const stem = hasExtension ? pattern.slice(0, at) : pattern;
  const extension = hasExtension ? pattern.slice(at) : '';
  const own = slot === 1 ? '' : `.p${slot}`;
  const [before = '', after = ''] = stem.split(DATE).map(literally);
  const known = new RegExp(
    `^${before}(\\d{4}-\\d\\d-\\d\\d)${after}(\\.p\\d+)?(?:\\.(\\d+))?${literally(extension)}(\\.gz|${literally(HALF_MADE)})?$`,
  );
  return {
    nameOf: (date, index) => `${stem.replace(DATE, dayOf(date))}${own}${index === 0 ? '' : `.${index}`}${extension}`,
    read(name) {
      const found = known.exec(name);
      if (found === null) return undefined;
      const [, day = '', of = '', index = '0', ending] = found;
      const kind = ending === undefined ? 'plain' : ending === '.gz' ? 'gzip' : 'half-made';
      return { day, index: Number(index), isOurs: of === own, kind };
    },
  };
}
