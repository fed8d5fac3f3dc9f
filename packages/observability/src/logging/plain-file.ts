import { closeSync, fstatSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Clock } from '@express-micro/core';
import type { Destination } from './line-buffer.ts';
import { makeFolder } from './make-folder.ts';
import { createWholeLines } from './whole-lines.ts';

/** How often a file is asked whether somebody has deleted it. */
export const LOOK_MS = 1_000;

/** One file for good, appended to. Deleted, or its folder, it is made again within a second: what is written to it would go nowhere. */
export function openPlainFile(path: string, clock: Clock): Destination {
  const lines = createWholeLines();
  let fd: number | undefined = open();
  let lookedAtMs = clock.monotonicMs();

  function open(): number {
    makeFolder(dirname(path));
    const opened = openSync(path, 'a');
    try {
      lines.goOnIn(path);
    } catch {
      // It may be written to and not read, which is all that matters.
    }
    return opened;
  }

  function close(): void {
    if (fd !== undefined) closeSync(fd);
    fd = undefined;
  }

  return {
    write(held) {
      if (fd !== undefined && clock.monotonicMs() - lookedAtMs >= LOOK_MS) {
        lookedAtMs = clock.monotonicMs();
        if (fstatSync(fd).nlink === 0) close();
      }
      fd ??= open();
      lines.write(fd, Buffer.from(held));
    },
    close() {
      close();
      return Promise.resolve();
    },
  };
}
