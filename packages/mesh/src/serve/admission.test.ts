import { createHash } from 'node:crypto';
import { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { type Clock, systemRandom } from '@express-micro/core';
import { describe, expect, it } from 'vitest';
import { createCounters } from '../counters.ts';
import type { Credentials } from '../signing/credentials.ts';
import { DEADLINE } from '../wire.ts';
import { createAdmission } from './admission.ts';
import type { DiscoveryEndpoints } from './discovery.ts';
import { createInFlight } from './in-flight.ts';

/** A response as any transport may make one: it ends with `close`. */
class Answer extends EventEmitter {
  headersSent = false;
  writableFinished = false;
  destroyed = false;
  status = 0;
  readonly set: Record<string, unknown> = {};
  readonly req: IncomingMessage;
  constructor(req: IncomingMessage) {
    super();
    this.req = req;
  }
  setHeader(name: string, value: unknown) {
    this.set[name] = value;
  }
  writeHead(status: number, headers: object) {
    this.status = status;
    this.headersSent = true;
    Object.assign(this.set, headers);
    return this;
  }
  end() {
    this.writableFinished = true;
    this.emit('close');
  }
}

function serve() {
  let nowMs = 1_000;
  const clock = { monotonicMs: () => nowMs, after: () => ({ stop() {} }) } as unknown as Clock;
  const counters = createCounters();
  const inFlight = createInFlight();
  const sender = { service: 'caller', instance: 'f'.repeat(32) };
  const digest = createHash('sha256').update('{}').digest();
  const admission = createAdmission({
    isFormer: () => false,
    credentials: { verify: () => ({ ok: true, sender, contentDigest: digest }) } as unknown as Credentials,
    clock,
    random: systemRandom,
    counters,
    inFlight,
    shedding: undefined,
    isSigning: true,
    allowed: undefined,
    trustedProxies: undefined,
    confirms: () => true,
    decide: undefined,
    endpoints: {} as DiscoveryEndpoints,
  });
  function request(headers: Record<string, string> = {}) {
    const stream = new Readable({ read() {} });
    const req = Object.assign(stream, { headers, rawHeaders: [], url: '/pens', method: 'POST', complete: false });
    const res = new Answer(req as unknown as IncomingMessage);
    return { req: req as unknown as IncomingMessage, res: res as unknown as ServerResponse, answer: res, stream };
  }
  return {
    admission,
    counters,
    inFlight,
    request,
    wait: (ms: number) => {
      nowMs += ms;
    },
  };
}

const turns = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

describe('admission', () => {
  it.each([
    ['runs', 40, 0, 1],
    ['does not run', 60, 1, 0],
  ])('a signed call with 50 ms %s when its body takes %i', async (_what, waitMs, expired, runs) => {
    const { admission, counters, request, wait } = serve();
    const { req, res, answer, stream } = request({ 'express-micro-sender': 's', [DEADLINE]: '50' });
    let ran = 0;
    admission.front(req, res, () => {
      ran += 1;
    });
    stream.push(Buffer.from('{'));
    wait(waitMs);
    stream.push(Buffer.from('}'));
    stream.push(null);
    await turns();
    expect([ran, counters.expired, counters.served]).toEqual([runs, expired, runs]);
    expect(answer.status).toBe(expired === 1 ? 504 : 0);
  });

  it('measures a request from the beginning of the turn in which it was read', async () => {
    const { admission, counters, request, wait } = serve();
    const first = request();
    admission.front(first.req, first.res, () => wait(100));
    const second = request({ [DEADLINE]: '100' });
    admission.front(second.req, second.res, () => {});
    expect(counters).toMatchObject({ served: 1, expired: 1 });
    await turns();
    const third = request({ [DEADLINE]: '100' });
    admission.front(third.req, third.res, () => {});
    expect(counters).toMatchObject({ served: 2, expired: 1 });
  });

  it('knows what is under way, each request once, however often it passes', () => {
    const { admission, counters, inFlight, request } = serve();
    const { req, res, answer } = request();
    admission.front(req, res, () => admission.front(req, res, () => {}));
    expect([inFlight.recent(), counters.served]).toEqual([1, 1]);
    answer.end();
    answer.emit('close');
    expect(inFlight.recent()).toBe(0);
  });

  it('opens the lifetime of the request: over when the response closes unfinished, and only then', () => {
    const { admission, request } = serve();
    for (const isFinished of [true, false]) {
      const { req, res, answer } = request();
      admission.front(req, res, () => {});
      const lifetime = admission.lifetime(req);
      const heard: string[] = [];
      lifetime?.listen((reason) => heard.push((reason as { code?: string }).code ?? ''));
      if (isFinished) answer.end();
      else answer.emit('close');
      expect(heard).toEqual(isFinished ? [] : ['MESH_CANCELLED']);
    }
    const asked = request();
    admission.front(asked.req, asked.res, () => {});
    asked.answer.emit('close');
    expect(admission.lifetime(asked.req)?.reason).toMatchObject({ code: 'MESH_CANCELLED' });
  });

  it('from a moment on every answer ends its connection, also of requests that came before', () => {
    const { admission, request } = serve();
    const before = request();
    const begun = request();
    admission.front(before.req, before.res, () => {});
    admission.front(begun.req, begun.res, () => begun.res.writeHead(200, {}));
    admission.endConnections();
    const after = request();
    admission.front(after.req, after.res, () => {});
    expect([before, begun, after].map(({ answer }) => answer.set.connection)).toEqual(['close', undefined, 'close']);
  });
});
