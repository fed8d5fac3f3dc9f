import { closeSync, fstatSync, openSync, readSync, statSync, writeSync } from 'node:fs';
import { basename, join, resolve, sep } from 'node:path';
import type { Clock } from '@express-micro/core';
import { createStream, type RotatingFileStream } from 'rotating-file-stream';
import { createArchive } from './archive.ts';
import { takeSlot } from './folder-lock.ts';
import type { Destination } from './line-buffer.ts';
import { makeFolder } from './make-folder.ts';
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

/** Lines that wait for a file. More of them are written past rotating-file-stream; or dropped, and counted, while there can be no file. */
const MAX_WAITING_BYTES = 8_388_608;
const RETRY_MS = 1_000;
const LOOK_MS = 1_000;
const LINE_END = 10;

/** Where rotating-file-stream keeps the file that it writes to. */
type Inner = { file?: { readonly fd: number; write(chunk: Uint8Array): Promise<unknown> } };

/**
 * Files of a day and of a size. rotating-file-stream counts, opens the next one, and has a timer for the days on which nobody
 * writes. What it does not do:
 *
 * - It would write in its own time, and lose what waits when the process ends. So the bytes are written here, at once, to the
 *   file that it has opened; it only counts them.
 * - Its timer is late where the process was busy, and hours late where the machine slept. So the day is looked at with each
 *   write: no line is in the file of a day before its own.
 * - It would hold up all lines while it packs a file, knows no age, and leaves half an archive when it is killed: `archive.ts`.
 *
 * @throws OBSERVABILITY_FILE_REFUSED
 */
export function openRotatingFile(options: RotatingOptions): Destination {
  const { pattern, maxBytes, clock, tell, onProblem } = options;
  const folder = resolve(options.folder);
  const slot = takeSlot(folder, pattern, clock);
  const names = createRotatedNames(pattern, slot.number);
  const counted = createCounted();
  let current = '';
  const archive = createArchive({ ...options, folder, names, current: () => basename(current) });

  /** What no file has taken yet, in order. */
  let waiting: Buffer[] = [];
  let waitingBytes = 0;
  let dropped = 0;
  let fd: number | undefined;
  let dayEndsAtMs = 0;
  current = fileOf(new Date(clock.epochMs()));
  /** Where lines go that cannot wait for rotating-file-stream. */
  let meanwhile = current;
  let hasOpened = false;
  let isCut = false;
  let triedAtMs = 0;
  let lookedAtMs = clock.monotonicMs();
  let latest: RotatingFileStream;
  /** The latest, while it can be written to. */
  let stream: RotatingFileStream | undefined = open();
  let leaving: Promise<unknown> = Promise.resolve();

  function fileOf(date: Date): string {
    return join(folder, names.nameOf(date, archive.firstFree(date)));
  }

  function open(): RotatingFileStream {
    triedAtMs = clock.monotonicMs();
    let date: Date;
    let first = 0;
    const opened = createStream(
      (time, index = 1) => {
        // Before it begins it asks for a name that it does not use.
        if (!(time instanceof Date)) return names.nameOf(new Date(clock.epochMs()), 0);
        // Never before a file that is there: what is made anew under the name of a packed one would be packed over it.
        if (index === 1) {
          date = new Date(clock.epochMs());
          first = archive.firstFree(date);
          dayEndsAtMs = endOfDay(date);
        }
        return names.nameOf(date, first + index - 1);
      },
      { path: folder + sep, interval: '1d', immutable: true, size: `${maxBytes}B` },
    );
    latest = opened;
    opened.on('rotation', () => {
      if (latest === opened) fd = undefined;
    });
    opened.on('open', (file: string) => {
      const fdOfIt = onlyCounts(opened);
      if (latest !== opened) return;
      // The day ended while it was opened.
      if (stream === opened && isDayOver()) return goOn();
      const before = current;
      current = file;
      meanwhile = file;
      takeOver(fdOfIt);
      if (hasOpened && before !== file) tell('rotate', { file: before, next: file });
      hasOpened = true;
      void archive.tidy();
    });
    opened.on('error', (error: Error) => {
      if (latest !== opened) return;
      fd = undefined;
      stream = undefined;
      onProblem(`The log ${join(folder, pattern)} cannot be written; it is tried again in a second.`, error);
    });
    return opened;
  }

  /** From here on we write to it. */
  function takeOver(opened: number): void {
    fd = opened;
    isCut = endsWithin(current);
    if (waiting.length > 0) put(opened, takeWaiting());
    if (dropped > 0) onProblem(`${dropped} writes to ${join(folder, pattern)} were dropped while it could not be opened.`);
    dropped = 0;
  }

  /** Another file, now. Lines wait until it is open. */
  function goOn(): void {
    const past = stream;
    fd = undefined;
    stream = open();
    if (past !== undefined) leaving = Promise.all([leaving, end(past)]);
  }

  function isDayOver(): boolean {
    return clock.epochMs() >= dayEndsAtMs;
  }

  function isOver(): boolean {
    if (isDayOver()) return true;
    if (fd === undefined || clock.monotonicMs() - lookedAtMs < LOOK_MS) return false;
    lookedAtMs = clock.monotonicMs();
    // Somebody has deleted it: what is written goes nowhere.
    return fstatSync(fd).nlink === 0;
  }

  function keep(chunk: Buffer): void {
    // While the next file is just being opened, a burst is written nevertheless.
    if (waitingBytes + chunk.length > MAX_WAITING_BYTES && stream !== undefined) writeMeanwhile();
    if (waitingBytes + chunk.length > MAX_WAITING_BYTES) dropped += 1;
    else {
      waiting.push(chunk);
      waitingBytes += chunk.length;
    }
  }

  function takeWaiting(): Buffer {
    const held = Buffer.concat(waiting);
    waiting = [];
    waitingBytes = 0;
    return held;
  }

  /** To the file that rotating-file-stream will open, or is about to leave: past it, at once. */
  function writeMeanwhile(): void {
    if (waiting.length === 0) return;
    makeFolder(folder);
    if (isDayOver()) {
      const now = new Date(clock.epochMs());
      meanwhile = fileOf(now);
      dayEndsAtMs = endOfDay(now);
    }
    const to = openSync(meanwhile, 'a');
    try {
      isCut = endsWithin(meanwhile);
      put(to, takeWaiting());
    } finally {
      closeSync(to);
    }
  }

  /** All of it. Where it cannot be, what comes next does not stand in the same line. */
  function put(to: number, chunk: Buffer): void {
    if (isCut) writeSync(to, '\n');
    isCut = false;
    let at = 0;
    try {
      while (at < chunk.length) at += writeSync(to, chunk, at);
    } catch (error) {
      isCut = at > 0 && chunk[at - 1] !== LINE_END;
      throw error;
    }
  }

  return {
    write(lines) {
      const chunk = Buffer.from(lines);
      if (stream === undefined && clock.monotonicMs() - triedAtMs >= RETRY_MS) stream = open();
      if (fd !== undefined && isOver()) goOn();
      if (fd === undefined) keep(chunk);
      else put(fd, chunk);
      stream?.write(counted(chunk.length));
    },
    settle() {
      if (fd === undefined) writeMeanwhile();
    },
    async close() {
      try {
        this.settle?.();
      } catch (error) {
        onProblem(`The last lines cannot be written to ${meanwhile}.`, error);
      }
      const closing = stream;
      stream = undefined;
      fd = undefined;
      if (closing !== undefined) await end(closing);
      await leaving;
      await archive.tidy();
      slot.release();
    },
  };
}

/** Its file is written to by us, and it counts. */
function onlyCounts(stream: RotatingFileStream): number {
  const { file } = stream as unknown as Inner;
  if (typeof file?.fd !== 'number') throw new TypeError('rotating-file-stream keeps its file elsewhere than it did.');
  file.write = () => Promise.resolve();
  return file.fd;
}

/** A stream that has no more to do closes its file, behind what it is about. */
async function end(stream: RotatingFileStream): Promise<void> {
  if (!stream.destroyed) await new Promise<void>((done) => stream.end(() => done()));
}

/** Pieces of these lengths, of one memory: rotating-file-stream holds what it has not counted yet, and of a burst that is all of it. */
function createCounted(): (bytes: number) => Buffer {
  let zeros = Buffer.alloc(65_536);
  return (bytes) => {
    if (bytes > zeros.length) zeros = Buffer.alloc(bytes);
    return zeros.subarray(0, bytes);
  };
}

function endOfDay(date: Date): number {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate() + 1).getTime();
}

/** Whether a file ends in the middle of a line: whoever wrote it was killed. */
function endsWithin(file: string): boolean {
  const { size } = statSync(file);
  if (size === 0) return false;
  const last = Buffer.alloc(1);
  const reading = openSync(file, 'r');
  try {
    readSync(reading, last, 0, 1, size - 1);
  } finally {
    closeSync(reading);
  }
  return last[0] !== LINE_END;
}
