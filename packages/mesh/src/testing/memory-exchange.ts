import { request as httpRequest, type IncomingMessage } from 'node:http';
import { PassThrough, Readable } from 'node:stream';
import { type AnswerHeaders, TransportFailure, type TransportRequest, type TransportStream } from '../transport/transport.ts';
import type { MemoryConnection } from './memory-connection.ts';

/** Writes a request on a connection and reads its answer, as far as its head. @param onEnd the last byte is there, or none will come */
export function exchange({ near }: MemoryConnection, request: TransportRequest, onEnd: () => void): Promise<TransportStream> {
  const { hostname, port } = new URL(request.origin);
  return new Promise((resolve, reject) => {
    const { body, method, path } = request;
    const outgoing = httpRequest({
      host: hostname,
      port: port === '' ? 80 : Number(port),
      method,
      path,
      createConnection: () => near,
    });
    for (let at = 0; at + 1 < request.headers.length; at += 2)
      outgoing.appendHeader(request.headers[at] as string, request.headers[at + 1] as string);
    outgoing.once('response', (answer) => resolve(readAnswer(answer, request, onEnd)));
    outgoing.once('error', (error) => {
      onEnd();
      reject(failureOf(request, error, false));
    });
    // After the first: a connection that is destroyed twice says so twice.
    outgoing.on('error', () => {});
    if (body instanceof Readable) {
      body.once('error', (error) => outgoing.destroy(error));
      body.pipe(outgoing);
    } else outgoing.end(body);
  });
}

function readAnswer(answer: IncomingMessage, request: TransportRequest, onEnd: () => void): TransportStream {
  const body = new PassThrough();
  // Whoever reads it hears of its failure; a failure before that must not end the process.
  body.on('error', () => {});
  body.once('close', () => {
    onEnd();
    if (!answer.complete) answer.destroy();
  });
  answer.once('end', onEnd);
  answer.on('error', (error) => {
    onEnd();
    const failure = failureOf(request, error, true);
    body.destroy(request.explain?.(failure) ?? failure);
  });
  answer.pipe(body);
  const headers = headersOf(answer);
  const type = headers['content-type'];
  return { status: answer.statusCode ?? 0, headers, body, contentType: typeof type === 'string' ? type : '' };
}

/** As the other transports give them: a field that came more than once is a list. */
function headersOf({ headersDistinct }: IncomingMessage): AnswerHeaders {
  const headers: Record<string, string | string[]> = {};
  for (const [name, values = []] of Object.entries(headersDistinct)) {
    const value = values.length === 1 ? (values[0] as string) : values;
    // A name such as __proto__ becomes a field like any other.
    Object.defineProperty(headers, name, { value, enumerable: true, configurable: true, writable: true });
  }
  return headers;
}

function failureOf({ cancellation }: TransportRequest, error: Error, hadHead: boolean): TransportFailure {
  if (error instanceof TransportFailure) return error;
  return cancellation.reason === undefined
    ? new TransportFailure('lost', error, hadHead)
    : new TransportFailure('cancelled', cancellation.reason, hadHead);
}

/** Reads a body to its end. */
export async function collect(stream: TransportStream, request: TransportRequest): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of stream.body) {
      chunks.push(chunk as Buffer);
      size += (chunk as Buffer).length;
      if (request.maxAnswerBytes !== undefined && size > request.maxAnswerBytes)
        throw new Error(`the answer is larger than ${request.maxAnswerBytes} bytes`);
    }
  } catch (error) {
    throw failureOf(request, error as Error, true);
  }
  return Buffer.concat(chunks, size);
}
