import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import fastifyMicro from '@express-micro/fastify';
import expressMicro, { type Micro } from 'express-micro';
import Fastify from 'fastify';
import { afterAll, describe, expect, it } from 'vitest';
import { expresses } from './apps.test-support.ts';

process.env.EXPRESS_DISCOVERY_KEY = randomBytes(24).toString('base64url');

const OPTIONS = { serviceName: 'files', log: false, pingInterval: 1_000 } as const;
const running: (() => unknown)[] = [];
afterAll(() => Promise.all(running.map((stop) => stop())));

/** The forms of paths beyond text and whole parameters that each has of the same thing. */
const FORMS = {
  'Express 5': { wildcard: '/files/*splat', parts: '/near/:lat-:lng', optional: '/pens{/:id}', expression: undefined },
  'Express 4': { wildcard: '/files/*', parts: '/near/:lat-:lng', optional: '/pens/:id?', expression: '/numbers/:id(\\d+)' },
  'Fastify 5': { wildcard: '/files/*', parts: '/near/:lat-:lng', optional: '/pens/:id?', expression: '/numbers/:id(^\\d+$)' },
};

async function onExpress(name: 'Express 5' | 'Express 4'): Promise<{ micro: Pick<Micro, 'routes'>; url: string }> {
  const [, expressOf] = expresses.find(([each]) => each === name) as (typeof expresses)[number];
  const app = expressOf();
  const micro = expressMicro(app, OPTIONS);
  for (const path of Object.values(FORMS[name])) if (path !== undefined) app.get(path, (req, res) => void res.json(req.path));
  const server: Server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  running.push(() => micro.close());
  return { micro, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

async function onFastify(): Promise<{ micro: Pick<Micro, 'routes'>; url: string }> {
  const app = Fastify();
  await app.register(fastifyMicro, OPTIONS);
  for (const path of Object.values(FORMS['Fastify 5'])) app.get(path as string, async (request) => request.url);
  await app.listen({ port: 0, host: '127.0.0.1' });
  running.push(() => app.close());
  return { micro: app.micro as never, url: app.listeningOrigin };
}

describe.each(['Express 5', 'Express 4', 'Fastify 5'] as const)(
  'wildcards, parts, optional parts and expressions on %s',
  (name) => {
    it('are listed and called alike', async () => {
      const { micro, url } = name === 'Fastify 5' ? await onFastify() : await onExpress(name);
      const hasExpressions = FORMS[name].expression !== undefined;
      expect(micro.routes().map(({ paths, functions, uncallable }) => [paths, functions, uncallable])).toEqual([
        [['/files/*splat'], ['getFile', 'getFiles'], undefined],
        [['/near/:lat-:lng'], ['getNear', 'getNears'], undefined],
        [['/pens/:id', '/pens'], ['getPen', 'getPens', 'listPens'], undefined],
        ...(hasExpressions ? [[['/numbers/:id'], ['getNumber', 'getNumbers'], undefined]] : []),
      ]);
      const caller = expressMicro((expresses[0] as (typeof expresses)[number])[1](), {
        ...OPTIONS,
        serviceName: 'caller',
        peers: [url],
        port: 1,
      });
      running.push(() => caller.close());
      await caller.ready();
      const { files } = caller.services;
      expect(await files.getFiles({ splat: ['a', 'b c.txt'] })).toMatch(/^"?\/files\/a\/b%20c\.txt"?$/);
      expect(await files.getNear({ lat: 1, lng: 2 })).toContain('/near/1-2');
      expect([await files.getPen({ id: 7 }), await files.getPens()]).toEqual([
        expect.stringContaining('/pens/7'),
        expect.stringContaining('/pens'),
      ]);
      if (!hasExpressions) return;
      expect(await files.getNumber({ id: 7 })).toContain('/numbers/7');
      await expect(files.getNumber({ id: 'seven' })).rejects.toMatchObject({ code: 'MESH_REMOTE_STATUS', status: 404 });
    });
  },
);

it('Fastify takes no regular expression for a path, which is what Express lists as not callable', () => {
  expect(() => Fastify().get(/files/ as never, () => 1)).toThrow(expect.objectContaining({ code: 'FST_ERR_INVALID_URL' }));
});
