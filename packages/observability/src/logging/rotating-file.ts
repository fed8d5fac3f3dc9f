import { closeSync, fstatSync, openSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import type { Clock } from '@express-micro/core';
import { createArchive } from './archive.ts';
import { type FileSequence, openSequence } from './file-sequence.ts';
import { takeSlot } from './folder-lock.ts';
import type { Destination } from './line-buffer.ts';
import { makeFolder } from './make-folder.ts';
import { LOOK_MS } from './plain-file.ts';
import { createRotatedNames } from './rotated-names.ts';
import { createWholeLines } from './whole-lines.ts';

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

/**
 * Files of a day and of a size. rotating-file-stream counts, opens the next one, and has a timer for the days on which nobody
 * writes (`file-sequence.ts`). What it does not do:
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
  const whole = createWholeLines();
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
  let triedAtMs = 0;
  let lookedAtMs = clock.monotonicMs();
  let latest: object;
  /** What opens our files; none while there can be none. */
  let files: FileSequence | undefined = open();
  let leaving: Promise<unknown> = Promise.resolve();

  function fileOf(date: Date): string {
    return join(folder, names.nameOf(date, archive.firstFree(date)));
  }

  function open(): FileSequence {
    triedAtMs = clock.monotonicMs();
    const me = {};
    latest = me;
    const leave = () => {
      if (latest === me) fd = undefined;
    };
    let date: Date;
    let first = 0;
    return openSequence({
      folder,
      maxBytes,
      nameOf(attempt) {
        // Never before a file that is there: what is made anew under the name of a packed one would be packed over it.
        if (attempt === 0) {
          date = new Date(clock.epochMs());
          first = archive.firstFree(date);
          dayEndsAtMs = endOfDay(date);
        }
        return names.nameOf(date, first + attempt);
      },
      onLeave: leave,
      onOpen(file, opened) {
        if (latest === me) takeOver(file, opened);
      },
      onFailure(error) {
        leave();
        if (latest !== me) return;
        files = undefined;
        onProblem(`The log ${join(folder, pattern)} cannot be written; it is tried again in a second.`, error);
      },
    });
  }

  /** From here on we write to it. */
  function takeOver(file: string, opened: number): void {
    // The day ended while it was opened.
    if (files !== undefined && isDayOver()) {
      goOn();
      return;
    }
    const before = current;
    current = file;
    meanwhile = file;
    fd = opened;
    try {
      whole.goOnIn(file);
      if (waiting.length > 0) whole.write(opened, takeWaiting());
    } catch (error) {
      onProblem(`Lines cannot be written to ${file}.`, error);
    }
    if (dropped > 0) onProblem(`${dropped} writes to ${join(folder, pattern)} were dropped while it could not be opened.`);
    dropped = 0;
    if (hasOpened && before !== file) tell('rotate', { file: before, next: file });
    hasOpened = true;
    void archive.tidy();
  }

  /** Another file, now. Lines wait until it is open. */
  function goOn(): void {
    const past = files;
    fd = undefined;
    files = open();
    leaving = Promise.all([leaving, past?.end()]);
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
    if (waitingBytes + chunk.length > MAX_WAITING_BYTES && files !== undefined) writeMeanwhile();
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
      whole.goOnIn(meanwhile);
      whole.write(to, takeWaiting());
    } finally {
      closeSync(to);
    }
  }

  return {
    write(lines) {
      const chunk = Buffer.from(lines);
      if (files === undefined && clock.monotonicMs() - triedAtMs >= RETRY_MS) files = open();
      if (fd !== undefined && isOver()) goOn();
      if (fd === undefined) keep(chunk);
      else whole.write(fd, chunk);
      files?.count(chunk.length);
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
      const closing = files;
      files = undefined;
      fd = undefined;
      await Promise.all([leaving, closing?.end()]);
      await archive.tidy();
      slot.release();
    },
  };
}

function endOfDay(date: Date): number {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate() + 1).getTime();
}
