import { statSync } from 'node:fs';
import { type Clock, isMicroError } from '@express-micro/core';
import { meshError } from '../errors.ts';
import { type KeyFileOptions, type OpenedKeyFile, openKeyFile } from './key-file.ts';

const KEY_FILE_POLL_MS = 1000;

export interface KeyFileWatch {
  close(): void;
}

export interface KeyFileWatchOptions {
  /** How it was opened; opened the same way again at every change, with every check. */
  readonly file: KeyFileOptions;
  readonly opened: OpenedKeyFile;
  /** {@link fileStamp} from before the file was read, so that a change in between is not missed. */
  readonly stamp: string;
  readonly clock: Clock;
  onChange(keys: string): void;
  onProblem(error: Error): void;
}

/**
 * Looks at the file every second. Polling on purpose: `fs.watch` loses a file that an editor replaces by rename, and
 * the double symbolic link that Kubernetes swaps under a mounted secret; one `stat` a second costs microseconds.
 */
export function watchKeyFile(options: KeyFileWatchOptions): KeyFileWatch {
  const { file, opened, clock } = options;
  const isNamed = file.path !== undefined;
  let stamp = options.stamp;
  let keys = opened.keys;

  const look = (): void => {
    const now = fileStamp(opened.path);
    if (now === stamp) return;
    // Taken over first: what is wrong with a file is said once, not every second.
    stamp = now;
    try {
      // A named file that is gone is a problem to report; a default one was swept by a cleaner of the temp directory.
      // Left alone, the next process would make another key and the fleet would split in two.
      const found = openKeyFile({ ...file, initial: keys });
      if (now === GONE && !isNamed) options.onProblem(putBack(opened.path));
      if (found.keys === keys) return;
      options.onChange(found.keys);
      keys = found.keys;
    } catch (error) {
      options.onProblem(asProblem(error, opened.path));
    }
  };

  const timer = clock.every(KEY_FILE_POLL_MS, look);
  return { close: () => timer.stop() };
}

const GONE = 'gone';

/** What changes when the file does. Identity too: a file put in its place by rename may carry an old date. */
export function fileStamp(path: string): string {
  try {
    const stat = statSync(path, { bigint: true });
    return [stat.dev, stat.ino, stat.mode, stat.uid, stat.size, stat.mtimeNs, stat.ctimeNs].join(':');
  } catch {
    return GONE;
  }
}

function putBack(path: string): Error {
  const message = `The key file ${path} was removed, and has been put back with the same key. To change the key, write a new one into it.`;
  return meshError('MESH_KEY_FILE_REFUSED', message);
}

function asProblem(error: unknown, path: string): Error {
  if (isMicroError(error)) return error;
  return meshError('MESH_KEY_FILE_REFUSED', `The key file ${path} could not be read again. The keys stay as they were.`, {
    cause: error,
  });
}
