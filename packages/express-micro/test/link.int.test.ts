import net, { type AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import type { MeshError } from '../src/index.ts';
import { type App, expresses, type Service, startService, stopAll, until } from './fleet.test-support.ts';
import { linkOf, untilLinked } from './link.test-support.ts';

const errorOf = (call: Promise<unknown>): Promise<MeshError> =>
  call.then(
    () => expect.unreachable(),
    (error: MeshError) => error,
  );

describe.each(expresses)('a link into %s', (_name, expressOf) => {
  const open: (() => unknown)[] = [];
  afterEach(async () => {
    await stopAll();
    for (const close of open.splice(0).reverse()) await close();
  });

  /** A service and a caller of it, linked. */
  async function linked(declare: (app: App) => void, options: Parameters<typeof startService>[2] = {}) {
    const target = await startService(
      'target',
      (app) => {
        app.get('/pings', (_req, res) => void res.json('pong'));
        declare(app);
      },
      { express: expressOf, ...options },
    );
    const caller = await startService('caller', () => {}, { express: expressOf, retry: false, peers: [target.url], ...options });
    await caller.micro.ready({ services: ['target'] });
    const linkOfTarget = linkOf(target.server);
    await untilLinked(caller, ({ target: services }) => services.getPings());
    const link = linkOfTarget();
    return { target, caller, call: caller.micro.services.target, link };
  }

  it('is one connection for many calls, and names their caller', async () => {
    const { caller, target, call } = await linked((app) => {
      app.get('/callers', (req, res) => void res.json(micro()?.caller(req)));
    });
    function micro(): Service['micro'] | undefined {
      return target?.micro;
    }
    const before = caller.micro.counters();
    const answers = await Promise.all(Array.from({ length: 200 }, () => call.getCallers()));
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(answers[0]).toEqual({ service: 'caller', instance: target.micro.instances('caller')[0]?.id });
    const after = caller.micro.counters();
    expect([after.attemptsOverLink - before.attemptsOverLink, after.linksOut, target.micro.counters().linksIn]).toEqual([
      200, 1, 1,
    ]);
  });

  it('is sealed where calls are signed, and carries them with their caller proven', async () => {
    let lines = 0;
    const { caller, call, link } = await linked(
      (app) => {
        app.post('/orders', (req, res) => {
          lines += 1;
          let body = '';
          req.on('data', (data) => {
            body += data;
          });
          req.on('end', () => res.json({ body, signed: req.get('signature') !== undefined }));
        });
      },
      { enableHmac: true },
    );
    expect(await call.createOrder({ n: 'ü' })).toEqual({ body: '{"n":"ü"}', signed: false });
    const large = { text: 'x'.repeat(40_000) };
    expect(((await call.createOrder(large)) as { body: string }).body).toBe(JSON.stringify(large));
    expect([lines, caller.micro.counters().linksOut]).toEqual([2, 1]);
    // Whatever is put between ends the link; the calls go on.
    link.write(Buffer.alloc(100));
    await until(
      'no link',
      () => caller.micro.counters().linksOut,
      (open) => open === 0,
    );
    expect(await call.getPings()).toBe('pong');
  });

  it('is not made where one side says http, and calls go on', async () => {
    const target = await startService('target', (app) => app.get('/pings', (_req, res) => void res.json('pong')), {
      express: expressOf,
      transport: 'http',
    });
    const caller = await startService('caller', () => {}, { express: expressOf, retry: false, peers: [target.url] });
    await caller.micro.ready({ services: ['target'] });
    for (let n = 0; n < 20; n++) expect(await caller.micro.services.target.getPings()).toBe('pong');
    expect(caller.micro.counters()).toMatchObject({
      attemptsOverHttp: 20,
      attemptsOverLink: 0,
      attemptsInProcess: 0,
      linksOut: 0,
    });
  });

  it('a deadline and a signal end the call at once, and the handler hears it', async () => {
    const closed: string[] = [];
    const { call } = await linked((app) => {
      app.get('/slow', (req, res) => {
        res.on('close', () => closed.push(`res ${res.writableEnded} ${res.destroyed}`));
        req.on('aborted', () => closed.push('aborted'));
        req.on('close', () => closed.push(`req ${req.destroyed}`));
      });
    });
    expect(await errorOf(call.getSlow({}, { timeoutMs: 50 }))).toMatchObject({ code: 'MESH_DEADLINE_EXCEEDED' });
    await until(
      'heard',
      () => [...closed].sort(),
      (seen) => seen.length === 3,
    );
    expect(closed.sort()).toEqual(['aborted', 'req true', 'res false true']);
    const controller = new AbortController();
    const cancelled = errorOf(call.getSlow({}, { signal: controller.signal }));
    setTimeout(() => controller.abort(), 20);
    expect(await cancelled).toMatchObject({ code: 'MESH_CANCELLED' });
    await until(
      'heard',
      () => closed.length,
      (length) => length === 6,
    );
    expect(await call.getPings()).toBe('pong');
  });

  it('one that is cut fails what was under way as lost, is told, and is made again', async () => {
    let served = 0;
    const { caller, call, link } = await linked((app) => {
      app.post('/orders', () => {
        served += 1;
      });
      app.get('/halves', (_req, res) => void res.type('text/plain').write('half'));
    });
    const failures = [errorOf(call.createOrder({ n: 1 })), errorOf(call.getHalves())];
    await until(
      'served',
      () => served,
      (n) => n === 1,
    );
    link.destroy();
    for (const failure of await Promise.all(failures)) expect(failure).toMatchObject({ code: 'MESH_CONNECTION_LOST' });
    expect(served).toBe(1);
    expect(await call.getPings()).toBe('pong');
    const { attemptsOverLink } = caller.micro.counters();
    await until(
      'a new link',
      () => call.getPings().then(() => caller.micro.counters().attemptsOverLink),
      (n) => n > attemptsOverLink,
    );
  });

  it('a call that had not left when the link was cut goes over HTTP, and runs once', async () => {
    let served = 0;
    const { call, link } = await linked((app) =>
      app.post('/orders', (_req, res) => {
        served += 1;
        res.json(served);
      }),
    );
    const order = call.createOrder({ n: 1 });
    // In the same turn: its frame still waits to be written.
    link.destroy();
    await order.catch((error: MeshError) => expect(error).toMatchObject({ code: 'MESH_CONNECTION_LOST' }));
    expect(served).toBeLessThanOrEqual(1);
    expect(await call.getPings()).toBe('pong');
  });

  it('a handler that takes its connection for itself loses that call only, and the next ones go over HTTP', async () => {
    const { caller, call } = await linked((app) => {
      app.get('/raw', (req) => {
        req.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nraw');
        req.socket.end();
      });
    });
    const together = call.getPings();
    expect(await errorOf(call.getRaw())).toMatchObject({ code: 'MESH_CONNECTION_LOST' });
    expect(await together).toBe('pong');
    expect(String(await call.getRaw())).toBe('raw');
    expect(caller.micro.counters()).toMatchObject({ linksOut: 1 });
  });

  it('a large answer waits for its reader, and does not hold up the others', async () => {
    let written = 0;
    const { call } = await linked((app) => {
      app.get('/large', (_req, res) => {
        const push = (): void => {
          while (written < 8_000_000) {
            written += 50_000;
            if (!res.write(Buffer.alloc(50_000, 1))) return void res.once('drain', push);
          }
          res.end();
        };
        push();
      });
    });
    const large = call.getLarge();
    expect(await call.getPings()).toBe('pong');
    expect(((await large) as Buffer).length).toBe(8_000_000);
  });

  it('takes no new calls when the server leaves, loses none, and keeps neither side from ending', async () => {
    const { target, caller, call } = await linked((app) => {
      app.get('/slow', (_req, res) => void setTimeout(() => res.json('slow'), 300));
    });
    const slow = call.getSlow();
    await call.getPings();
    const closing = target.micro.close();
    const during = Array.from({ length: 20 }, () => call.getPings().catch(() => 'gone'));
    expect(await slow).toBe('slow');
    await Promise.all([closing, ...during]);
    await until(
      'no link',
      () => caller.micro.counters().linksOut,
      (n) => n === 0,
    );
    expect(target.micro.counters().linksIn).toBe(0);
  });

  it('a server that its app closes is not held open by links', async () => {
    const { target, caller } = await linked(() => {});
    const startedAt = performance.now();
    await new Promise((resolve) => target.server.close(resolve));
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    await until(
      'no link',
      () => caller.micro.counters().linksOut,
      (n) => n === 0,
    );
  });

  it('WebSockets live beside it on the same server, attached before and after', async () => {
    const { target, caller, call } = await linked(() => {});
    const sockets = new WebSocketServer({ server: target.server });
    open.push(() => sockets.close());
    sockets.on('connection', (socket) => socket.on('message', (data) => socket.send(`echo ${String(data)}`)));
    const client = new WebSocket(target.url.replace('http', 'ws'));
    await new Promise((resolve) => client.once('open', resolve));
    client.send('hello');
    expect(
      String((await new Promise<[Buffer]>((resolve) => client.once('message', (data) => resolve([data as Buffer]))))[0]),
    ).toBe('echo hello');
    client.terminate();
    expect(await call.getPings()).toBe('pong');
    // A new link, with the WebSocket library in the way.
    const other = await startService('other', () => {}, { express: expressOf, peers: [target.url] });
    await other.micro.ready({ services: ['target'] });
    await untilLinked(other, ({ target: services }) => services.getPings());
    expect([other.micro.counters().linksOut, caller.micro.counters().linksOut]).toEqual([1, 1]);
    for (const one of sockets.clients) one.terminate();
  });

  it('other upgrades are answered as ever: an app without upgrade listeners serves them as ordinary requests', async () => {
    const { target } = await linked((app) => {
      app.get('/upgrades', (req, res) => void res.json({ upgrade: req.headers.upgrade, connection: req.headers.connection }));
    });
    const { port } = target.server.address() as AddressInfo;
    const headers = 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n';
    const answer = await rawAnswer(port, `GET /upgrades HTTP/1.1\r\nHost: a\r\n${headers}\r\n`);
    expect(answer).toContain('200 OK');
    expect(answer).toContain('{"upgrade":"h2c","connection":"Upgrade, HTTP2-Settings"}');
    expect(target.server.listenerCount('upgrade')).toBe(0);
  });

  it.each([
    ['without a proof', 'Upgrade: express-micro-link\r\nConnection: Upgrade\r\nexpress-micro-link: 1\r\n', '401'],
    ['of another version', 'Upgrade: express-micro-link\r\nConnection: Upgrade\r\nexpress-micro-link: 99\r\n', '401'],
  ])('is refused %s like any other request that proves nothing', async (_what, headers, status) => {
    const { target } = await linked(() => {});
    const { port } = target.server.address() as AddressInfo;
    const answer = await rawAnswer(port, `GET /_discovery/link HTTP/1.1\r\nHost: a\r\n${headers}\r\n`);
    expect(answer.split(' ')[1]).toBe(status);
    expect(target.micro.counters().linksIn).toBe(1);
  });

  it('a service that calls itself, or another app of its process, needs no network', async () => {
    const both = await startService(
      'both',
      (app, micro) => {
        app.get('/pings', (req, res) => void res.json({ from: req.ip, caller: micro.caller(req)?.service }));
        app.get('/guarded', micro.internal(), (_req, res) => void res.json('in'));
      },
      { express: expressOf },
    );
    const caller = await startService('caller', () => {}, { express: expressOf, retry: false, peers: [both.url] });
    await caller.micro.ready({ services: ['both'] });
    expect(await both.micro.services.both.getPings()).toEqual({ from: '127.0.0.1', caller: 'both' });
    expect(await caller.micro.services.both.getPings()).toEqual({ from: '127.0.0.1', caller: 'caller' });
    expect(await caller.micro.services.both.getGuarded()).toBe('in');
    expect(caller.micro.counters()).toMatchObject({ attemptsInProcess: 2, attemptsOverLink: 0, attemptsOverHttp: 0 });
    const body = { shared: ['not'] };
    expect(await errorOf(caller.micro.services.both.getPings({}, { signal: AbortSignal.abort() }))).toMatchObject({
      code: 'MESH_CANCELLED',
    });
    expect(body).toEqual({ shared: ['not'] });
    await both.micro.close();
    expect((await errorOf(caller.micro.services.both.getPings())).code).toMatch(/MESH_SERVICE_UNAVAILABLE|MESH_CONNECTION_LOST/);
  });
});

function rawAnswer(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, '127.0.0.1', () => socket.write(text));
    let answer = '';
    socket.setTimeout(2_000, () => socket.destroy(new Error(`no answer but: ${answer}`)));
    socket.on('data', (data) => {
      answer += data;
      if (/\r\n\r\n.*[}"]/s.test(answer)) socket.destroy();
    });
    socket.on('close', () => resolve(answer));
    socket.on('error', reject);
  });
}
