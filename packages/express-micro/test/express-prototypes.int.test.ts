import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import expressMicro, { type Micro } from '../src/index.ts';
import { expresses, PING_INTERVAL_MS, rawRequest } from './fleet.test-support.ts';

const START = 'http.server.request.start';

interface Seen {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly server: http.Server;
}

describe.each(expresses)('requests made as %s wants them', (_name, expressOf) => {
  const open: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of open.splice(0).reverse()) await close();
  });

  /** An app under the plugin, listening on a server of ours. */
  async function serve(prepare: (server: http.Server) => void = () => {}, options: http.ServerOptions = {}) {
    const app = expressOf();
    app.get('/pens/:id', (req, res) => void res.json({ id: req.params.id, isOwn: Object.getPrototypeOf(req) === app.request }));
    const server = http.createServer(options, app);
    prepare(server);
    const micro: Micro = expressMicro(app, { serviceName: 'pens', log: false, pingInterval: PING_INTERVAL_MS });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    open.push(() => new Promise((resolve) => server.close(resolve)));
    open.push(() => micro.close());
    return { app, server, micro, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/pens/7` };
  }

  /** What Node made for one request, before anybody has had it in hand. */
  async function made(server: http.Server, url: string) {
    let prototypes: { request: unknown; response: unknown } | undefined;
    const onStart = (message: unknown) => {
      const seen = message as Seen;
      if (seen.server !== server) return;
      prototypes = { request: Object.getPrototypeOf(seen.request), response: Object.getPrototypeOf(seen.response) };
    };
    subscribe(START, onStart);
    const { status, body } = await rawRequest(url).finally(() => unsubscribe(START, onStart));
    expect({ status, body: JSON.parse(body) }).toEqual({ status: 200, body: { id: '7', isOwn: true } });
    return prototypes;
  }

  const plain = { request: http.IncomingMessage.prototype, response: http.ServerResponse.prototype };

  it('have the prototypes of the app from their birth', async () => {
    const { app, server, url } = await serve();
    const own = { request: app.request, response: app.response };
    const prototypes = await made(server, url);
    expect(prototypes?.request).toBe(own.request);
    expect(prototypes?.response).toBe(own.response);
  });

  it.each([
    ['an upgrade listener from before', (server: http.Server) => server.on('upgrade', () => {})],
    ['a second request listener from before', (server: http.Server) => server.on('request', () => {})],
  ])('are plain on a server shared by %s', async (_what, prepare) => {
    const { server, url } = await serve((shared) => void prepare(shared));
    expect(await made(server, url)).toEqual(plain);
  });

  it.each(['upgrade', 'connect', 'request'])('are plain again as soon as somebody else listens to %s', async (event) => {
    const { server, url } = await serve();
    await made(server, url);
    server.on(event, () => {});
    expect(await made(server, url)).toEqual(plain);
  });

  it('are of the classes given to http.createServer', async () => {
    class OwnRequest extends http.IncomingMessage {}
    const { server, url } = await serve(undefined, { IncomingMessage: OwnRequest });
    expect((await made(server, url))?.request).toBe(OwnRequest.prototype);
  });

  it('are plain once the mesh is left', async () => {
    const app = expressOf();
    app.get('/pens/:id', (req, res) => void res.json({ id: req.params.id, isOwn: Object.getPrototypeOf(req) === app.request }));
    const server = http.createServer(app);
    const symbols = Object.getOwnPropertySymbols(server);
    const classes = () => symbols.map((symbol) => (server as unknown as Record<symbol, unknown>)[symbol]);
    const before = classes();
    const micro = expressMicro(app, { serviceName: 'pens', log: false, pingInterval: PING_INTERVAL_MS });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    expect(classes()).not.toEqual(before);
    await micro.close();
    expect(classes().filter((value) => typeof value === 'function')).toEqual(
      before.filter((value) => typeof value === 'function'),
    );
    expect(server.listenerCount('newListener') + server.listenerCount('removeListener')).toBe(0);
  });
});
