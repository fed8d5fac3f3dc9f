import { booleanOption, integerOption, type Option, OptionProblem, resolveOptions } from '@express-micro/core';
import { optionInvalid } from '../errors.ts';
import { DEFAULT_MAX_DEPTH } from './inspect-body.ts';

export interface BodyOptions {
  /**
   * How large a body may be, also when it is unpacked: bytes, or a text such as `'10mb'` (1024s). Raising it lets one request hold more
   * memory; lowering it refuses what clients may need. @default '10mb'
   */
  readonly maxBytes?: number | string | undefined;
  /**
   * How deep objects and arrays may stand within each other. Raising it costs stack in whatever walks a body; lowering it refuses documents
   * that are nested. @default 32
   */
  readonly maxDepth?: number | undefined;
  /** Whether the bytes are kept as `req.rawBody`, for signatures over them (webhooks). Costs their memory for as long as the request lasts. @default false */
  readonly keepRaw?: boolean | undefined;
}

export interface JsonBodyOptions extends BodyOptions {
  /** Whether `5`, `"text"` and `null` are bodies, too. Then `req.body.x` of a handler may throw. @default false: objects and arrays */
  readonly allowScalars?: boolean | undefined;
}

export interface FormBodyOptions extends BodyOptions {
  /** How many pairs a form may have. Raising it costs time for each. @default 1000 */
  readonly maxParameters?: number | undefined;
}

export interface ResolvedBodyOptions {
  readonly maxBytes: number;
  readonly maxDepth: number;
  readonly keepRaw: boolean;
}

const UNITS: Readonly<Record<string, number>> = { b: 1, kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3 };
const MOST_BYTES = 2 ** 30;

const sizeOption: Option<number> = {
  takes: 'bytes from 1 to 1073741824, or a text such as "10mb"',
  fallback: () => 10 * 1024 ** 2,
  read: (value) => {
    const [, digits, unit = 'b'] = (typeof value === 'string' && /^(\d+(?:\.\d+)?) ?([kmg]?b)?$/i.exec(value.trim())) || [];
    const bytes = typeof value === 'number' ? value : Math.floor(Number(digits) * (UNITS[unit.toLowerCase()] as number));
    if (!Number.isInteger(bytes) || bytes < 1 || bytes > MOST_BYTES) throw new OptionProblem();
    return bytes;
  },
};

const TABLE: { readonly [K in keyof ResolvedBodyOptions]: Option<ResolvedBodyOptions[K]> } = {
  maxBytes: sizeOption,
  maxDepth: integerOption('a number', { min: 1, max: 1_000 }, () => DEFAULT_MAX_DEPTH),
  keepRaw: booleanOption(false),
};

export interface ResolvedJsonOptions extends ResolvedBodyOptions {
  readonly allowScalars: boolean;
}

export function resolveJsonOptions(options: JsonBodyOptions | undefined): ResolvedJsonOptions {
  return resolveOptions('jsonBody()', { ...TABLE, allowScalars: booleanOption(false) }, options, optionInvalid);
}

export interface ResolvedFormOptions extends ResolvedBodyOptions {
  readonly maxParameters: number;
}

export function resolveFormOptions(options: FormBodyOptions | undefined): ResolvedFormOptions {
  const maxParameters = integerOption('a number', { min: 1, max: 100_000 }, () => 1_000);
  return resolveOptions('urlencodedBody()', { ...TABLE, maxParameters }, options, optionInvalid);
}
