import { closeSync, openSync, readFileSync, statSync, unlinkSync, utimesSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { threadId } from 'node:worker_threads';
import type { Clock } from '@express-micro/core';
import { observabilityError } from '../errors.ts';

/** A holder that cannot be asked whether it lives shows it by touching its lock. */
const TOUCH_MS = 20_000;
const STALE_MS = 90_000;
const MAX_SLOTS = 256;

export interface Slot {
  readonly number: number;
  release(): void;
}

interface Holder {
  readonly host: string;
  readonly pid: number;
  readonly thread: number;
}

/** The locks that this thread has taken. */
const mine = new Set<string>();

function releaseAll(): void {
  for (const file of mine) remove(file);
}

/**
 * A place in a folder of logs that nobody else has: two processes that rotated the same files would each cut off the other.
 *
 * A lock is a file made with `O_EXCL`, which names its holder. That of a process which is gone is taken over: of this machine
 * by its pid, of another one (a folder on a shared disk) when it was not touched for 90 s.
 *
 * @throws OBSERVABILITY_FILE_REFUSED when 256 processes write here already
 */
export function takeSlot(folder: string, name: string, clock: Clock): Slot {
  const me: Holder = { host: hostname(), pid: process.pid, thread: threadId };
  for (let number = 1; number <= MAX_SLOTS; number++) {
    const file = join(folder, `.${name.replaceAll('%', '')}.${number}.lock`);
    if (!take(file, me, clock)) continue;
    const touching = clock.every(TOUCH_MS, () => touch(file, me, clock));
    if (mine.size === 0) process.on('exit', releaseAll);
    mine.add(file);
    return {
      number,
      release() {
        touching.stop();
        if (mine.delete(file)) remove(file);
        if (mine.size === 0) process.off('exit', releaseAll);
      },
    };
  }
  throw observabilityError(
    'OBSERVABILITY_FILE_REFUSED',
    `${MAX_SLOTS} processes write logs named ${name} into ${folder} already. Give this one another folder, or remove its .lock files if they are of processes that are gone.`,
  );
}

function take(file: string, me: Holder, clock: Clock): boolean {
  if (create(file, me)) return true;
  if (isHeld(file, me, clock)) return false;
  // Many may find the same dead lock at once. Who has the guard looks again, and only then takes it away.
  const guard = `${file}.guard`;
  if (!create(guard, me)) {
    if (ageMs(guard, clock) > STALE_MS) remove(guard);
    return false;
  }
  try {
    if (isHeld(file, me, clock)) return false;
    remove(file);
    return create(file, me);
  } finally {
    remove(guard);
  }
}

function create(file: string, me: Holder): boolean {
  let fd: number;
  try {
    fd = openSync(file, 'wx', 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
  writeSync(fd, JSON.stringify(me));
  closeSync(fd);
  return true;
}

/** A lock that cannot be read is just being written, or was cut short: it counts until it is old. */
function isHeld(file: string, me: Holder, clock: Clock): boolean {
  const isFresh = ageMs(file, clock) < STALE_MS;
  const holder = read(file);
  if (holder === undefined || holder.host !== me.host) return isFresh;
  if (holder.pid !== me.pid) return isRunning(holder.pid);
  // In a container each start has the same pid: what this one has not taken itself is of an earlier one.
  return mine.has(file) || (holder.thread !== me.thread && isFresh);
}

function read(file: string): Holder | undefined {
  try {
    const holder = JSON.parse(readFileSync(file, 'utf8')) as Partial<Holder> | null;
    return typeof holder?.pid === 'number' && typeof holder.host === 'string' ? (holder as Holder) : undefined;
  } catch {
    return undefined;
  }
}

function ageMs(file: string, clock: Clock): number {
  try {
    return clock.epochMs() - statSync(file).mtimeMs;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

function touch(file: string, me: Holder, clock: Clock): void {
  try {
    const now = clock.epochMs() / 1_000;
    utimesSync(file, now, now);
  } catch {
    lockAgain(file, me);
  }
}

/** Somebody has cleared the folder. We are still there. */
function lockAgain(file: string, me: Holder): void {
  try {
    create(file, me);
  } catch {
    // The folder itself is gone: it comes back with the next file.
  }
}

function remove(file: string): void {
  try {
    unlinkSync(file);
  } catch {
    // It is gone already.
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
