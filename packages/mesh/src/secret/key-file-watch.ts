import { type Clock, isMicroError } from '@express-micro/core';
import { meshError } from '../errors.ts';
import { FILE_POLL_MS, fileStamp, GONE, type Renewed, type RenewedBy } from '../renewable-file.ts';
import { type KeyFileOptions, type OpenedKeyFile, openKeyFile } from './key-file.ts';

export interface KeyFileWatch {
  /** Reads it now, whether it looks changed or not. */
  reload(): Renewed;
  close(): void;
}

export interface KeyFileWatchOptions {
  /** How it was opened; opened the same way again at every change, with every check. */
  readonly file: KeyFileOptions;
  readonly opened: OpenedKeyFile;
  /** {@link fileStamp} from before the file was read, so that a change in between is not missed. */
  readonly stamp: string;
  readonly clock: Clock;
  /** Takes what is new in the file. @throws what is wrong with it */
  onChange(keys: string, by: RenewedBy): void;
  onProblem(error: Error, by: RenewedBy): void;
}

/** Looks at the file every second, and when it is told to. */
export function watchKeyFile(options: KeyFileWatchOptions): KeyFileWatch {
  const { file, opened, clock } = options;
  const isNamed = file.path !== undefined;
  let stamp = options.stamp;
  let keys = opened.keys;

  const read = (now: string, by: RenewedBy): Renewed => {
    // Taken over first: what is wrong with a file is said once, not every second.
    stamp = now;
    try {
      // A named file that is gone is a problem to report; a default one was swept by a cleaner of the temp directory.
      // Left alone, the next process would make another key and the fleet would split in two.
      const found = openKeyFile({ ...file, initial: keys });
      if (now === GONE && !isNamed) options.onProblem(putBack(opened.path), by);
      if (found.keys === keys) return 'unchanged';
      options.onChange(found.keys, by);
      keys = found.keys;
      return 'taken';
    } catch (error) {
      options.onProblem(asProblem(error, opened.path), by);
      return 'refused';
    }
  };

  const timer = clock.every(FILE_POLL_MS, () => {
    const now = fileStamp(opened.path);
    if (now !== stamp) read(now, 'file');
  });
  return {
    reload: () => read(fileStamp(opened.path), 'signal'),
    close: () => timer.stop(),
  };
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
