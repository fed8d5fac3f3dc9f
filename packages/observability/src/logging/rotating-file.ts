import { appendFileSync, writeSync } from 'node:fs';
import { basename, join, resolve, sep } from 'node:path';
import type { Clock } from '@express-micro/core';
import { createStream, type RotatingFileStream } from 'rotating-file-stream';
import { createArchive } from './archive.ts';
import { takeSlot } from './folder-lock.ts';
import type { Destination } from './line-buffer.ts';
import { createRotatedNames } from './rotated-names.ts';

/** What a logger says of its files. */
export interface FileEvents {
  /** A file is full, or its day is over: `file` is written no more, and lines go to `next`. */
  rotate: { readonly file: string; readonly next: string };
  /** A file of the past has become `file`. */
  archive: { readonly file: string };
  /** A file has been kept as long as it was to be, and is deleted. */
  remove: { readonly file: string };
}

export type TellFile = <E extends keyof FileEvents>(event: E, news: FileEvents[E]) => void;

export interface RotatingOptions {
  /** There already. */
  readonly folder: string;
  /** File name with `%DATE%`. */
  readonly pattern: string;
  readonly maxBytes: number;
  readonly keepDays: number;
  readonly gzip: boolean;
  readonly clock: Clock;
  readonly tell: TellFile;
  readonly onProblem: (message: string, error?: unknown) => void;
}

/** Lines that wait for a file while none can be opened; more of them are dropped, and counted. */
const MAX_WAITING_BYTES = 8_388_608;
const RETRY_MS = 1_000;

/** Where rotating-file-stream keeps the file that it writes to. */
type Inner = { file?: { readonly fd: number; write(chunk: Uint8Array): Promise<unknown> } };

/**
 * Files of a day and of a size. rotating-file-stream decides when the next one begins and opens it. Two things it does not do:
 *
 * - It would write in its own time, and lose what waits when the process ends. So the bytes are written here, at once, to the
 *   file that it has opened; it only counts them.
 * - It would hold up all lines while it packs a file, knows no age, and leaves half an archive when it is killed: `archive.ts`.
 *
 * @throws OBSERVABILITY_FILE_REFUSED
 */
export function openRotatingFile(options: RotatingOptions): Destination {
  const { pattern, maxBytes, clock, tell, onProblem } = options;
  const folder = resolve(options.folder);
  const slot = takeSlot(folder, pattern, clock);
  const names = createRotatedNames(pattern, slot.number);
  let current = '';
  const archive = createArchive({ ...options, folder, names, current: () => basename(current) });

  /** What no file has taken yet, in order. */
  let waiting: Buffer[] = [];
  let waitingBytes = 0;
  let dropped = 0;
  let fd: number | undefined;
  current = join(folder, names.nameOf(new Date(clock.epochMs()), archive.firstFree(new Date(clock.epochMs()))));
  let triedAtMs = 0;
  let stream: RotatingFileStream | undefined = open();

  function open(): RotatingFileStream {
    triedAtMs = clock.monotonicMs();
    let first = 0;
    const opened = createStream(
      (time, index = 1) => {
        const date = time instanceof Date ? time : new Date(clock.epochMs());
        // Never before a file that is there: what is made anew under the name of a packed one would be packed over it.
        if (index === 1) first = archive.firstFree(date);
        return names.nameOf(date, first + index - 1);
      },
      { path: folder + sep, interval: '1d', immutable: true, size: `${maxBytes}B` },
    );
    let isFirst = true;
    opened.on('rotation', () => {
      fd = undefined;
    });
    opened.on('open', (file: string) => {
      const before = current;
      current = file;
      takeOver(opened);
      if (!isFirst && before !== file) tell('rotate', { file: before, next: file });
      isFirst = false;
      void archive.tidy();
    });
    opened.on('error', (error: Error) => {
      fd = undefined;
      if (stream === opened) stream = undefined;
      onProblem(`The log ${join(folder, pattern)} cannot be written; it is tried again in a second.`, error);
    });
    return opened;
  }

  /** From here on we write to its file, and it counts. */
  function takeOver(opened: RotatingFileStream): void {
    const { file } = opened as unknown as Inner;
    if (typeof file?.fd !== 'number') throw new TypeError('rotating-file-stream keeps its file elsewhere than it did.');
    ({ fd } = file);
    file.write = () => Promise.resolve();
    const held = waiting;
    waiting = [];
    waitingBytes = 0;
    for (const chunk of held) writeAll(fd, chunk);
    if (dropped > 0) onProblem(`${dropped} writes to ${join(folder, pattern)} were dropped while it could not be opened.`);
    dropped = 0;
  }

  function keep(chunk: Buffer): void {
    if (waitingBytes + chunk.length > MAX_WAITING_BYTES) dropped += 1;
    else {
      waiting.push(chunk);
      waitingBytes += chunk.length;
    }
  }

  return {
    write(lines) {
      const chunk = Buffer.from(lines);
      if (stream === undefined && clock.monotonicMs() - triedAtMs >= RETRY_MS) stream = open();
      if (fd === undefined) keep(chunk);
      else writeAll(fd, chunk);
      stream?.write(chunk);
    },
    settle() {
      if (fd !== undefined) return;
      const held = Buffer.concat(waiting);
      waiting = [];
      waitingBytes = 0;
      if (held.length > 0) appendFileSync(current, held);
    },
    async close() {
      this.settle?.();
      const closing = stream;
      stream = undefined;
      fd = undefined;
      if (closing !== undefined && !closing.destroyed) await new Promise<void>((done) => closing.end(() => done()));
      fd = undefined;
      await archive.tidy();
      slot.release();
    },
  };
}

function writeAll(fd: number, chunk: Buffer): void {
  for (let at = 0; at < chunk.length; ) at += writeSync(fd, chunk, at);
}
