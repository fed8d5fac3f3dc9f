import { createRequire } from 'node:module';
import zlib from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MeshError, Micro } from '../src/index.ts';
import { expresses, startService, stopAll } from './fleet.test-support.ts';
import { shutDoors, untilLinked } from './link.test-support.ts';

const compression = createRequire(import.meta.url)('compression');
const PENS = Array.from({ length: 500 }, (_, id) => ({ id, name: `pen ${id} ü` }));

const failed = (call: Promise<unknown>) =>
  call.then(
    () => expect.unreachable('the call was answered'),
    (error: MeshError) => error,
  );

describe.each(expresses)('compressed answers of %s', (_name, expressOf) => {
  const ways: Record<string, Micro['services']> = {};
  let reopen: () => void = () => {};

  beforeAll(async () => {
    const target = await startService(
      'target',
      (app) => {
        const packed = (coding: string, body: Buffer, type = 'application/json') =>
          app.get(`/${coding}`, (_req, res) => void res.set('content-encoding', coding.split('-')[0]).type(type).send(body));
        packed('gzip-bomb', zlib.gzipSync(Buffer.alloc(70_000_000)), 'text/plain');
        packed('gzip-cut', zlib.gzipSync(JSON.stringify(PENS)).subarray(0, 50));
        packed('zstd', Buffer.from('nobody knows'));
        app.use(compression({ threshold: 0 }));
        app.get('/pens', (_req, res) => void res.json(PENS));
        app.get('/text', (_req, res) => void res.type('text/plain').send('ü'.repeat(2_000)));
        app.get('/bytes', (_req, res) => void res.type('application/x-pens+json').send(JSON.stringify(PENS)));
        app.get('/refused', (_req, res) => void res.status(422).json({ fields: PENS }));
      },
      { express: expressOf },
    );
    const options = { express: expressOf, retry: false, peers: [target.url] } as const;
    const overHttp = await startService('over-http', () => {}, { ...options, transport: 'http' });
    const near = await startService('near', () => {}, options);
    await Promise.all([overHttp, near].map(({ micro }) => micro.ready({ services: ['target'] })));
    reopen = shutDoors();
    await untilLinked(near, ({ target: services }) => services.getPens());
    reopen();
    ways.http = overHttp.micro.services.target as never;
    ways.near = near.micro.services.target as never;
  });
  afterAll(stopAll);

  describe.each(['over HTTP', 'over a link', 'within the process'])('%s', (way) => {
    let pens: Micro['services'][string];
    beforeAll(() => {
      pens = (way === 'over HTTP' ? ways.http : ways.near) as never;
      reopen = way === 'over a link' ? shutDoors() : () => {};
    });
    afterAll(() => reopen());

    it.each(['gzip', 'deflate', 'br', 'identity', 'br;q=0.5, gzip'])(
      'whoever asks for %s gets the data, and the headers of what came',
      async (coding) => {
        const headers = { 'Accept-Encoding': coding };
        expect(await pens.getPens({}, { headers })).toEqual(PENS);
        expect(await pens.getText({}, { headers })).toBe('ü'.repeat(2_000));
        const answer = await pens.getPens.request({ headers });
        expect(answer.data).toEqual(PENS);
        expect(answer.headers['content-encoding']).toBe(coding === 'identity' ? undefined : coding.split(' ').at(-1));
      },
    );

    it('nobody who does not ask gets any', async () => {
      expect((await pens.getPens.request()).headers['content-encoding']).toBeUndefined();
      expect(await pens.getPens()).toEqual(PENS);
    });

    it('an error keeps its data', async () => {
      const error = await failed(pens.getRefused({}, { headers: { 'accept-encoding': 'gzip' } }));
      expect(error).toMatchObject({ code: 'MESH_REMOTE_STATUS', status: 422, data: { fields: PENS } });
    });

    it.each([
      ['getGzipBomb', /content-encoding gzip: .*larger than 67108864/],
      ['getGzipCut', /content-encoding gzip: unexpected end of file/],
      ['getZstd', /content-encoding zstd: "zstd" is not among gzip, deflate and br/],
    ])('%s is an error that says what to do', async (name, why) => {
      const error = await failed(pens[name]({}, { headers: { 'accept-encoding': 'gzip' } }));
      expect(error.code).toBe('MESH_RESPONSE_INVALID');
      expect(error.message).toMatch(why);
      expect(error.message).toMatch(/without accept-encoding, or read its bytes with \.stream/);
    });

    it('a stream gives the bytes as they came', async () => {
      const { headers, body } = await pens.getPens.stream({ headers: { 'accept-encoding': 'gzip' } });
      const chunks: Buffer[] = [];
      for await (const chunk of body) chunks.push(chunk as Buffer);
      expect(headers['content-encoding']).toBe('gzip');
      expect(JSON.parse(zlib.gunzipSync(Buffer.concat(chunks)).toString())).toEqual(PENS);
    });
  });
});
