import { AsyncResource } from 'node:async_hooks';
import type { IncomingMessage } from 'node:http';
import zlib from 'node:zlib';
import { AppError } from '../app-errors.ts';
import { GatheredBytes } from './gathered-bytes.ts';

type Done = (problem: AppError | undefined, bytes?: Buffer) => void;
type Unpack = (packed: Buffer, options: { maxOutputLength: number }, done: (error: Error | null, bytes: Buffer) => void) => void;

const UNPACK: Readonly<Record<string, Unpack | undefined>> = Object.freeze({
  gzip: zlib.gunzip,
  'x-gzip': zlib.gunzip,
  deflate: zlib.inflate,
  br: zlib.brotliDecompress,
  // Since Node 22.15.
  zstd: (zlib as { zstdDecompress?: Unpack }).zstdDecompress,
});

/** What is left of a refused body is read and dropped up to this size: cheaper for both than another connection. */
const MAX_DROPPED_BYTES = 65_536;

/** Reads and unpacks a whole body. `done` is called once, in the context in which this was. */
export function readBytes(req: IncomingMessage, maxBytes: number, given: Done): void {
  // Node tells of bytes in the context of the connection: without this, whoever comes next is in nobody's request.
  // (`AsyncResource.bind` makes a deprecated property each time, which costs more than the body.)
  const resource = new AsyncResource('express-micro.body');
  const done: Done = (problem, bytes) => resource.runInAsyncScope(given, undefined, problem, bytes);
  const coding = (req.headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  const unpack = Object.hasOwn(UNPACK, coding) ? UNPACK[coding] : undefined;
  if (coding !== 'identity' && unpack === undefined) {
    refuse(
      req,
      new AppError('The content-encoding of the body is not supported', refusal(415, 'BODY_ENCODING_UNSUPPORTED')),
      done,
    );
    return;
  }
  if (Number(req.headers['content-length'] ?? 0) > maxBytes) {
    refuse(req, tooLarge(maxBytes, req), done);
    return;
  }
  const gathered = new GatheredBytes();
  const stop = (): void => {
    req.off('data', onData).off('end', onEnd).off('error', onCut).off('close', onCut);
  };
  const onData = (chunk: Buffer | string): void => {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    if (gathered.size + bytes.length <= maxBytes) {
      gathered.add(bytes);
      return;
    }
    stop();
    refuse(req, tooLarge(maxBytes, req), done);
  };
  const onEnd = (): void => {
    stop();
    const bytes = gathered.take();
    if (unpack === undefined || bytes.length === 0) done(undefined, bytes);
    else unpackInto(unpack, bytes, maxBytes, req, done);
  };
  const onCut = (): void => {
    stop();
    // The one who would read it has gone; whoever counts answers sees it as the client's.
    done(new AppError('The body ended before all of it was there', refusal(400, 'BODY_INCOMPLETE')));
  };
  req.on('data', onData).on('end', onEnd).on('error', onCut).on('close', onCut);
}

function unpackInto(unpack: Unpack, packed: Buffer, maxBytes: number, req: IncomingMessage, done: Done): void {
  unpack(packed, { maxOutputLength: maxBytes }, (error, bytes) => {
    if (error === null) done(undefined, bytes);
    else if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') done(tooLarge(maxBytes, req));
    else done(new AppError('The body cannot be unpacked', refusal(400, 'BODY_MALFORMED')));
  });
}

const refusal = (status: number, code: string) => ({ status, code });

function tooLarge(maxBytes: number, req: IncomingMessage): AppError {
  const isSoonOver = req.readableEnded || Number(req.headers['content-length'] ?? Number.NaN) <= MAX_DROPPED_BYTES;
  return new AppError(`The body is larger than ${maxBytes} bytes`, {
    ...refusal(413, 'BODY_TOO_LARGE'),
    data: { maxBytes },
    // Whoever sends gigabytes is not to keep us reading: the connection ends with the answer.
    headers: isSoonOver ? undefined : { connection: 'close' },
  });
}

/** Answers while the rest still comes; what comes is dropped, so that the client gets to read the answer. */
function refuse(req: IncomingMessage, problem: AppError, done: Done): void {
  req.on('error', () => {});
  req.resume();
  done(problem);
}
