import { connect, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** Somebody on the wire: passes on every byte to `target` and keeps what callers sent. */
export interface Recorder {
  readonly sent: () => Buffer;
}

/** Listens on `port`; whoever is told that `target` is at `port` is recorded. */
export async function record(port: number, target: number): Promise<Recorder> {
  const chunks: Buffer[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((from) => {
    const to = connect(target, '127.0.0.1');
    for (const socket of [from, to]) {
      sockets.add(socket);
      socket.once('error', () => socket.destroy());
    }
    from.on('data', (chunk) => chunks.push(chunk));
    from.pipe(to).pipe(from);
    from.once('close', () => to.destroy());
    to.once('close', () => from.destroy());
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { sent: () => Buffer.concat(chunks) };
}

/** The first recorded request that begins with this, byte for byte: head, and a body of its `content-length`. */
export function recordedRequest(sent: Buffer, beginning: string): Buffer {
  const start = sent.indexOf(beginning);
  if (start < 0) throw new Error(`no request that begins with ${beginning} was recorded`);
  const headEnd = sent.indexOf('\r\n\r\n', start) + 4;
  const length = Number(/content-length: (\d+)/i.exec(sent.toString('latin1', start, headEnd))?.[1] ?? 0);
  return sent.subarray(start, headEnd + length);
}

/** Sends these bytes on a connection of their own; answers the status. */
export function sendRaw(port: number, bytes: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    socket.once('error', reject);
    socket.once('data', (chunk) => {
      resolve(Number(/^HTTP\/1\.1 (\d{3})/.exec(chunk.toString('latin1'))?.[1]));
      socket.destroy();
    });
  });
}
