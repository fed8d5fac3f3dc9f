import { createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createRouteReader } from '../src/express-routes.ts';
import type { AnyApp } from './express-copies.test-support.ts';

/** `GET /users/:id show`, several paths with a comma, what cannot be called in brackets. */
export function lines(app: object): string[] {
  return createRouteReader(app)
    .read()
    .map(({ method, paths, handler, contract, uncallable }) =>
      [method, paths.join(','), handler, contract && `(${contract})`, uncallable && `[${uncallable}]`].filter(Boolean).join(' '),
    );
}

export async function statusOf(app: AnyApp, path: string): Promise<number | undefined> {
  const server = createServer(app as unknown as (req: unknown, res: unknown) => void).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  try {
    return await new Promise((resolve, reject) => {
      const { port } = server.address() as AddressInfo;
      const request = httpRequest({ port, host: '127.0.0.1', path, agent: false }, (response) => {
        response.resume().on('end', () => resolve(response.statusCode));
      });
      request.on('error', reject).end();
    });
  } finally {
    server.closeAllConnections();
    server.close();
  }
}
