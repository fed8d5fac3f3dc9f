import { createReadStream, createWriteStream, readdirSync } from 'node:fs';
import { open, rename, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { Clock } from '@express-micro/core';
import { dayOf, HALF_MADE, type RotatedName, type RotatedNames } from './rotated-names.ts';
import type { TellFile } from './rotating-file.ts';

const DAY_MS = 86_400_000;

export interface ArchiveOptions {
  readonly folder: string;
  readonly names: RotatedNames;
  /** The name of the file that is written now. */
  readonly current: () => string;
  readonly keepDays: number;
  readonly gzip: boolean;
  readonly clock: Clock;
  readonly tell: TellFile;
  readonly onProblem: (message: string, error: unknown) => void;
}

/** The files of the past: packed beside the lines that go on, kept for some days, then deleted. */
export interface Archive {
  /** Where to go on in a day: the last file that is not packed, or else the first index behind those that are. */
  firstFree(date: Date): number;
  /** Looks at all of the folder: whatever an earlier process did not get done is done now. Resolves when it is. */
  tidy(): Promise<void>;
}

export function createArchive({ folder, names, current, keepDays, gzip, clock, tell, onProblem }: ArchiveOptions): Archive {
  let working: Promise<void> = Promise.resolve();

  /**
   * Under another name until it is whole, so that a process that is killed in the middle leaves the file as it was, and
   * something that is seen to be half-made.
   */
  async function pack(name: string): Promise<void> {
    const file = join(folder, name);
    const packed = `${file}.gz`;
    if (!(await isPackedAlready(file, packed))) {
      const half = `${file}${HALF_MADE}`;
      await pipeline(createReadStream(file), createGzip(), createWriteStream(half, { mode: (await stat(file)).mode }));
      const handle = await open(half, 'r+');
      try {
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(half, packed);
    }
    await unlink(file);
    tell('archive', { file: packed });
  }

  /** Killed between the last two steps: the last four bytes of a gzip file are the size of what is in it (RFC 1952). */
  async function isPackedAlready(file: string, packed: string): Promise<boolean> {
    const archive = await stat(packed).catch(() => undefined);
    if (archive === undefined || archive.size < 18) return false;
    const handle = await open(packed, 'r');
    try {
      const { buffer } = await handle.read(Buffer.alloc(4), 0, 4, archive.size - 4);
      return buffer.readUInt32LE() === (await stat(file)).size % 2 ** 32;
    } finally {
      await handle.close();
    }
  }

  /** Asked anew for each file, because lines go on: the one that is written now, and one that is just being opened, are not past. */
  function isPast({ day, index }: RotatedName): boolean {
    const now = names.read(current());
    return now !== undefined && (day < now.day || (day === now.day && index < now.index));
  }

  async function tidyNow(): Promise<void> {
    const oldest = dayOf(new Date(clock.epochMs() - keepDays * DAY_MS));
    for (const name of namesIn(folder).sort()) {
      const known = names.read(name);
      if (known === undefined) continue;
      try {
        if (known.day < oldest) {
          await unlink(join(folder, name));
          tell('remove', { file: join(folder, name) });
        } else if (known.isOurs && known.kind === 'half-made') await unlink(join(folder, name));
        else if (known.isOurs && known.kind === 'plain' && gzip && isPast(known)) await pack(name);
      } catch (error) {
        // Somebody else may have cleared it away, which is as good.
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') onProblem(`The log ${join(folder, name)} stays as it is.`, error);
      }
    }
  }

  return {
    firstFree(date) {
      const day = dayOf(date);
      let first = 0;
      for (const name of namesIn(folder)) {
        const known = names.read(name);
        if (!known?.isOurs || known.day !== day || known.kind === 'half-made') continue;
        first = Math.max(first, known.kind === 'gzip' ? known.index + 1 : known.index);
      }
      return first;
    },
    tidy() {
      working = working
        .then(tidyNow)
        .catch((error: unknown) => onProblem(`The logs in ${folder} cannot be looked through.`, error));
      return working;
    },
  };
}

/** None where somebody has removed the folder: it is made again with the next file. */
function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
