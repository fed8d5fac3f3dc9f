import { closeSync, openSync, readSync, statSync, writeSync } from 'node:fs';

const LINE_END = 10;

/** Writes lines to a file so that none stands within another, whatever cuts a write off: a full disk, or `kill -9` of who wrote here before. */
export interface WholeLines {
  /** Lines go on behind what is in this file. */
  goOnIn(file: string): void;
  /** All of `lines` has been written when this returns. Throws what the file system says. */
  write(fd: number, lines: Buffer): void;
}

export function createWholeLines(): WholeLines {
  let isCut = false;
  return {
    goOnIn(file) {
      isCut = endsWithin(file);
    },
    write(fd, lines) {
      if (isCut) writeSync(fd, '\n');
      isCut = false;
      let at = 0;
      try {
        while (at < lines.length) at += writeSync(fd, lines, at);
      } catch (error) {
        isCut = at > 0 && lines[at - 1] !== LINE_END;
        throw error;
      }
    },
  };
}

/** Whether a file ends in the middle of a line. */
function endsWithin(file: string): boolean {
  const { size } = statSync(file);
  if (size === 0) return false;
  const last = Buffer.alloc(1);
  const fd = openSync(file, 'r');
  try {
    readSync(fd, last, 0, 1, size - 1);
  } finally {
    closeSync(fd);
  }
  return last[0] !== LINE_END;
}
