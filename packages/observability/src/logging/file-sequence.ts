import { sep } from 'node:path';
import { createStream } from 'rotating-file-stream';

export interface SequenceOptions {
  readonly folder: string;
  readonly maxBytes: number;
  /** The name of the next file: asked with 0, 1, … until one is not full. */
  readonly nameOf: (attempt: number) => string;
  /** The file is about to be closed: its descriptor is nobody's. */
  readonly onLeave: () => void;
  /** What it throws would have the file closed, while its descriptor is written to. */
  readonly onOpen: (file: string, fd: number) => void;
  /** It has ended. */
  readonly onFailure: (error: Error) => void;
}

/** One file after the other, as rotating-file-stream opens them: when one is full, and at midnight of the system's clock. */
export interface FileSequence {
  /** So much was written to the file that is open. */
  count(bytes: number): void;
  /** Closes the file, behind what it is about. */
  end(): Promise<void>;
}

/** Where rotating-file-stream keeps the file that it writes to. */
type Inner = { file?: { readonly fd: number; write(chunk: Uint8Array): Promise<unknown> } };

export function openSequence({ folder, maxBytes, nameOf, onLeave, onOpen, onFailure }: SequenceOptions): FileSequence {
  const stream = createStream(
    // Before it begins it asks for a name, without a time, that it does not use.
    (time, index = 1) => (time instanceof Date ? nameOf(index - 1) : ''),
    { path: folder + sep, interval: '1d', immutable: true, size: `${maxBytes}B` },
  );
  /** It holds what it has not counted yet, and of a burst that is all of it: pieces of one memory, and not the lines. */
  let zeros = Buffer.alloc(65_536);
  stream.on('rotation', onLeave);
  stream.on('open', (file: string) => {
    const { file: inner } = stream as unknown as Inner;
    if (typeof inner?.fd !== 'number') throw new TypeError('rotating-file-stream keeps its file elsewhere than it did.');
    inner.write = () => Promise.resolve();
    onOpen(file, inner.fd);
  });
  stream.on('error', onFailure);
  return {
    count(bytes) {
      if (bytes > zeros.length) zeros = Buffer.alloc(bytes);
      stream.write(zeros.subarray(0, bytes));
    },
    async end() {
      if (!stream.destroyed) await new Promise<void>((done) => stream.end(() => done()));
    },
  };
}
