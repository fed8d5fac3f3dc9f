import { statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type Clock, isMicroError } from '@express-micro/core';
import { type Complain, createComplaints } from '../complaints.ts';
import { observabilityError } from '../errors.ts';
import { type Destination, LineBuffer } from './line-buffer.ts';
import { type FilesOptions, USUAL_FILES } from './logger-options.ts';
import { makeFolder } from './make-folder.ts';
import { openDestination } from './pino.ts';
import { openPlainFile } from './plain-file.ts';
import { createPretty } from './pretty.ts';
import { DATE } from './rotated-names.ts';
import { openRotatingFile, type TellFile } from './rotating-file.ts';

/** Where the lines of a logger go. */
export interface Sinks {
  /** `line` ends with a line end. */
  write(rank: number, line: string): void;
  flush(): void;
  /** Nothing is held any more. */
  hurry(): void;
  close(): Promise<void>;
}

export interface SinkOptions {
  readonly console: 'json' | 'pretty' | false;
  readonly hasColours: boolean;
  readonly files: FilesOptions | false;
  readonly stream: { write(line: string): unknown } | undefined;
  readonly holdMs: number;
  readonly clock: Clock;
  readonly tell: TellFile;
}

const STDOUT = 1;
interface FileSurroundings {
  readonly clock: Clock;
  readonly tell: TellFile;
  readonly complain: Complain;
}

function openFile(
  path: string,
  how: Pick<FilesOptions, 'maxBytes' | 'keepDays' | 'gzip'>,
  { clock, tell, complain }: FileSurroundings,
): Destination {
  const folder = dirname(path);
  try {
    makeFolder(folder);
    if (basename(path).includes(DATE))
      return openRotatingFile({ ...how, folder, pattern: basename(path), clock, tell, onProblem: complain });
    return isDevice(path) ? openDestination(path) : openPlainFile(path, clock);
  } catch (error) {
    if (isMicroError(error)) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    throw observabilityError(
      'OBSERVABILITY_FILE_REFUSED',
      `The log ${path} cannot be opened (${code ?? message}). Make ${folder} a folder that this process may write to, or name another one.`,
      { cause: error, details: { path } },
    );
  }
}

/** A pipe, `/dev/stdout`: nothing that can be read back, deleted or made. */
function isDevice(path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  return found !== undefined && !found.isFile() && !found.isDirectory();
}

/** Lines of text to a file, or to standard output. @throws OBSERVABILITY_FILE_REFUSED */
export function openTextSink(
  file: string | undefined,
  { holdMs, clock }: { holdMs: number; clock: Clock },
): { write(line: string): void; flush(): void; hurry(): void; close(): Promise<void> } {
  const complain = createComplaints(clock);
  const destination =
    file === undefined ? openDestination(STDOUT) : openFile(file, USUAL_FILES, { clock, tell: () => {}, complain });
  const onFailure = (error: unknown) => complain(`Lines cannot be written to ${file ?? 'standard output'}.`, error);
  const buffer = new LineBuffer(destination, { clock, holdMs, onFailure });
  return {
    write: (line) => buffer.write(line),
    flush: () => buffer.flush(),
    hurry: () => buffer.hurry(),
    async close() {
      buffer.flush();
      await destination.close?.();
    },
  };
}

export function createSinks({ console: form, hasColours, files, stream, holdMs, clock, tell }: SinkOptions): Sinks {
  const buffers: LineBuffer[] = [];
  const destinations: Destination[] = [];
  const complain = createComplaints(clock);

  function buffered(destination: Destination, name: string, ms: number): LineBuffer {
    const onFailure = (error: unknown) => complain(`Lines cannot be written to ${name}.`, error);
    const buffer = new LineBuffer(destination, { clock, holdMs: ms, onFailure });
    buffers.push(buffer);
    destinations.push(destination);
    return buffer;
  }

  function file(name: string | false): LineBuffer | undefined {
    if (name === false || files === false) return undefined;
    const path = join(files.folder, name);
    return buffered(openFile(path, files, { clock, tell, complain }), path, holdMs);
  }

  // People who watch do not want to wait, and write little.
  const out = form === false ? undefined : buffered(openDestination(STDOUT), 'standard output', form === 'pretty' ? 0 : holdMs);
  const pretty = form === 'pretty' ? createPretty(hasColours) : undefined;
  const combined = file(files !== false && files.combined);
  const errors = file(files !== false && files.error);

  /** Somebody's own: what it throws must not become the app's. */
  function toStream(line: string): void {
    try {
      stream?.write(line);
    } catch (error) {
      complain('Lines cannot be written to the stream of the option "stream".', error);
    }
  }

  function flush(): void {
    for (const buffer of buffers) buffer.flush();
  }

  return {
    write(rank, line) {
      out?.write(pretty === undefined ? line : pretty(line));
      combined?.write(line);
      toStream(line);
      if (rank > 0) return;
      // What went wrong is not held: it may be the last that this process says.
      errors?.write(line);
      flush();
    },
    flush,
    hurry() {
      for (const buffer of buffers) buffer.hurry();
    },
    async close() {
      flush();
      await Promise.all(destinations.map((destination) => destination.close?.()));
    },
  };
}
