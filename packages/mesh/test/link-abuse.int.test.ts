import { Cancellation } from '@express-micro/core';
import { afterEach, describe, expect, it } from 'vitest';
import { Link } from '../src/link/link.ts';
import {
  ANSWER,
  CANCEL,
  DATA,
  END,
  GO_AWAY,
  HAS_BODY,
  HEAD,
  MAX_REQUEST_BODY_BYTES,
  MAX_STREAMS,
  MAX_UNSENT_BYTES,
  PING,
  PONG,
  REQUEST,
  RESET,
  RESET_LOST,
  RESET_NOT_EXECUTED,
  WINDOW,
} from '../src/link/protocol.ts';
import type { TransportFailure } from '../src/transport/transport.ts';
import { ask, closers, connect, pair, type Raw, request, serve, takeRaw } from './link.test-support.ts';

afterEach(() => Promise.all(closers.splice(0).map((close) => close())));

const HEAD_TEXT = 'HTTP/1.1 200 OK\r\n\r\n';
const failureOf = (call: Promise<unknown>): Promise<TransportFailure> =>
  call.then(
    () => expect.unreachable(),
    (failure: TransportFailure) => failure,
  );

describe('a link into a server', () => {
  const violations: readonly [string, (raw: Raw) => void][] = [
    ['noise', ({ socket }) => socket.write(Buffer.alloc(4_096, 0xa5))],
    ['a frame too large', ({ socket }) => socket.write(Buffer.from([255, 255, 255, 0]))],
    ['a kind that is none', ({ writer }) => writer.frame(99, 0, 0, 0, '', '')],
    ['an answer', ({ writer }) => writer.frame(ANSWER, 0, 0, 200, HEAD_TEXT, '')],
    ['a stream that is under way', ({ writer }) => [1, 1].map((stream) => writer.frame(REQUEST, 0, stream, 0, 'GET /never', ''))],
    ['too many streams', ({ writer }) => writer.frame(REQUEST, 0, MAX_STREAMS, 0, 'GET /never', '')],
    ['a body that was not announced', ({ writer }) => writer.frame(REQUEST, 0, 1, 0, 'GET /', 'x')],
    ['a body too large', ({ writer }) => writer.frame(REQUEST, HAS_BODY, 1, 0, 'POST /', 'x'.repeat(MAX_REQUEST_BODY_BYTES + 1))],
    ['a head that is none', ({ writer }) => writer.frame(REQUEST, 0, 1, 0, 'nonsense', '')],
    ['a smuggled header', ({ writer }) => writer.frame(REQUEST, 0, 1, 0, 'GET /\ntransfer-encoding:chunked', '')],
    ['a window that is none', ({ writer }) => writer.frame(WINDOW, 0, 1, 0, '', 'x')],
  ];

  it.each(violations)('%s ends that link alone', async (_what, abuse) => {
    const aborted: string[] = [];
    const served = await serve((req, res) => {
      if (req.url === '/never') res.on('close', () => aborted.push('close'));
      else res.end('fine');
    });
    const [abused, sound] = [takeRaw(await connect(served)), takeRaw(await connect(served))];
    abuse(abused);
    await abused.closed;
    sound.writer.frame(REQUEST, 0, 0, 0, 'GET /', '');
    await expect.poll(() => sound.frames).toEqual([`${ANSWER}:0:200`]);
    expect(served.counters.linksIn).toBe(1);
    expect(aborted.length).toBeLessThanOrEqual(1);
  });

  it('whose caller is gone without a word is asked once, and then ended with all its calls', async () => {
    const gone: string[] = [];
    const served = await serve((_req, res) => void res.on('close', () => gone.push('close')));
    const silent = takeRaw(await connect(served));
    silent.writer.frame(REQUEST, 0, 0, 0, 'GET /', '');
    await expect.poll(() => served.server.listenerCount('request') && served.counters.linksIn).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 50));
    served.tick();
    served.tick();
    await expect.poll(() => silent.frames).toEqual([`${PING}:0:0`]);
    served.tick();
    await silent.closed;
    await expect.poll(() => gone).toEqual(['close']);
    expect(served.counters.linksIn).toBe(0);
  });

  it('whose caller never reads holds a bounded part of the answer, and is ended', async () => {
    let taken = 0;
    let isClosed = false;
    const served = await serve((_req, res) => {
      res.on('close', () => {
        isClosed = true;
      });
      const push = (): void => {
        while (!res.destroyed) {
          taken += 50_000;
          if (!res.write(Buffer.alloc(50_000))) return void res.once('drain', push);
        }
      };
      push();
    });
    const raw = takeRaw(await connect(served));
    raw.socket.pause();
    for (let stream = 0; stream < 100; stream++) {
      raw.writer.frame(REQUEST, 0, stream, 0, 'GET /', '');
      // Whoever only grants and never reads gets no more for it.
      raw.writer.frame(WINDOW, 0, stream, 0, '', Buffer.from([255, 255, 255, 15]));
    }
    await expect.poll(() => taken).toBeGreaterThan(MAX_UNSENT_BYTES);
    await new Promise((resolve) => setTimeout(resolve, 200));
    const held = taken;
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(taken).toBe(held);
    // What waits here, what each of the hundred calls was let write, and what the system took.
    expect(taken).toBeLessThan(MAX_UNSENT_BYTES + 100 * 200_000 + 16_000_000);
    for (let interval = 0; interval < 3; interval++) served.tick();
    await expect.poll(() => isClosed).toBe(true);
    expect(served.counters.linksIn).toBe(0);
  });

  it('is one of a thousand', async () => {
    const served = await serve((req, res) => res.end(req.url));
    const raws: Raw[] = [];
    for (let group = 0; group < 10; group++) {
      raws.push(...(await Promise.all(Array.from({ length: 100 }, async () => takeRaw(await connect(served))))));
    }
    expect(served.counters.linksIn).toBe(1_000);
    for (const { writer } of raws) for (let stream = 0; stream < 3; stream++) writer.frame(REQUEST, 0, stream, 0, 'GET /', '');
    await expect.poll(() => raws.every(({ frames }) => frames.length === 3), { timeout: 10_000 }).toBe(true);
    for (const { socket } of raws) socket.destroy();
    await expect.poll(() => served.counters.linksIn, { timeout: 10_000 }).toBe(0);
  });

  it.each([
    ['in the midst of a frame', (raw: Raw) => raw.socket.write(Buffer.from([40, 0, 0, 0, 1]))],
    ['with a call that runs', (raw: Raw) => raw.writer.frame(REQUEST, 0, 0, 0, 'GET /never', '')],
    ['in the midst of an answer', (raw: Raw) => raw.writer.frame(REQUEST, 0, 0, 0, 'GET /half', '')],
    ['after an answer', (raw: Raw) => raw.writer.frame(REQUEST, 0, 0, 0, 'GET /', '')],
  ])('cut %s leaves nothing behind', async (_state, act) => {
    let open = 0;
    const served = await serve((req, res) => {
      open += 1;
      res.on('close', () => {
        open -= 1;
      });
      if (req.url === '/half') res.write('half');
      if (req.url === '/') res.end('whole');
    });
    const raw = takeRaw(await connect(served));
    act(raw);
    await new Promise((resolve) => setTimeout(resolve, 50));
    raw.socket.resetAndDestroy();
    await expect.poll(() => [served.counters.linksIn, open]).toEqual([0, 0]);
  });

  it('a call that was cancelled has a last frame like any other, so that its place can be used again', async () => {
    const served = await serve((req, res) => void (req.url === '/never' || res.end('ok')));
    const raw = takeRaw(await connect(served));
    raw.writer.frame(REQUEST, 0, 0, 0, 'GET /never', '');
    raw.writer.frame(CANCEL, 0, 0, 0, '', '');
    raw.writer.frame(REQUEST, 0, 0, 0, 'GET /', '');
    await expect.poll(() => raw.frames).toEqual([`${RESET}:0:${RESET_LOST}`, `${ANSWER}:0:200`]);
  });
});

describe('the caller’s end of a link', () => {
  const answers: readonly [string, (raw: Raw) => void][] = [
    ['closed before an answer', ({ socket }) => socket.destroy()],
    ['closed half', ({ socket }) => socket.end()],
    [
      'closed after a head',
      ({ socket, writer }) => {
        writer.frame(HEAD, 0, 0, 200, HEAD_TEXT, '');
        writer.flush();
        socket.end();
      },
    ],
    [
      'closed in the midst of a body',
      ({ socket, writer }) => {
        writer.frame(HEAD, 0, 0, 200, HEAD_TEXT, '');
        writer.frame(DATA, 0, 0, 0, '', 'some');
        writer.flush();
        socket.end();
      },
    ],
    ['closed in the midst of a frame', ({ socket }) => socket.end(Buffer.from([100, 0, 0, 0, ANSWER, 0, 0]))],
    ['filled with noise', ({ socket }) => socket.write(Buffer.alloc(5_000, 0xee))],
    ['given a frame too large', ({ socket }) => socket.write(Buffer.from([0, 0, 0, 127]))],
    ['given a kind that is none', ({ writer }) => writer.frame(77, 0, 0, 0, '', '')],
    ['given a request', ({ writer }) => writer.frame(REQUEST, 0, 0, 0, 'GET /', '')],
    ['given an answer to nothing', ({ writer }) => writer.frame(ANSWER, 0, 7, 200, HEAD_TEXT, '')],
    ['given a body before its head', ({ writer }) => writer.frame(DATA, 0, 0, 0, '', 'x')],
    ['given an end without a beginning', ({ writer }) => writer.frame(END, 0, 0, 0, '', '')],
    ['given two heads', ({ writer }) => [1, 2].map(() => writer.frame(HEAD, 0, 0, 200, HEAD_TEXT, ''))],
    ['reset', ({ writer }) => writer.frame(RESET, 0, 0, RESET_LOST, '', '')],
  ];

  it.each(answers)('%s: the call is lost, and not sent again', async (_what, act) => {
    const { link, other, overHttp } = await pair();
    const call = failureOf(ask(link, request()));
    await expect.poll(() => other.frames).toEqual([`${REQUEST}:0:0`]);
    act(other);
    expect(await call).toMatchObject({ phase: 'lost' });
    expect(overHttp).toEqual([]);
  });

  it('a call that was not executed, or had not left, goes over HTTP', async () => {
    const { link, other, overHttp } = await pair();
    const first = ask(link, request());
    await expect.poll(() => other.frames.length).toBe(1);
    other.writer.frame(RESET, 0, 0, RESET_NOT_EXECUTED, '', '');
    expect((await first).status).toBe(299);
    const second = ask(link, request());
    (link as unknown as { socket: { emit(event: string): void } }).socket.emit('close');
    expect((await second).status).toBe(299);
    expect(overHttp).toHaveLength(2);
  });

  it('a call that had not left when this side ended the link is lost, and nothing is sent any more', async () => {
    const { link, overHttp } = await pair();
    const call = failureOf(ask(link, request()));
    link.destroy();
    expect(await call).toMatchObject({ phase: 'lost' });
    expect(overHttp).toEqual([]);
  });

  it('answers that come after a cancellation are nobody’s, also when the place is used again', async () => {
    const { link, other } = await pair();
    const cancellation = new Cancellation();
    const cancelled = failureOf(ask(link, request({ cancellation })));
    await expect.poll(() => other.frames.length).toBe(1);
    cancellation.cancel(new Error('enough'));
    expect(await cancelled).toMatchObject({ phase: 'cancelled' });
    const next = ask(link, request());
    await expect.poll(() => other.frames).toEqual([`${REQUEST}:0:0`, `${CANCEL}:0:0`, `${REQUEST}:1:0`]);
    other.writer.frame(ANSWER, 0, 0, 200, HEAD_TEXT, 'late');
    other.writer.frame(ANSWER, 0, 1, 200, HEAD_TEXT, 'right');
    expect((await next).body.toString()).toBe('right');
    void ask(link, request()).catch(() => {});
    await expect.poll(() => other.frames.at(-1)).toMatch(new RegExp(`^${REQUEST}:[01]:0$`));
  });

  it('more than its caller takes is refused, in one piece and in many', async () => {
    const { link, other } = await pair();
    const whole = failureOf(ask(link, request({ maxAnswerBytes: 3 })));
    const pieces = failureOf(ask(link, request({ maxAnswerBytes: 3 })));
    await expect.poll(() => other.frames.length).toBe(2);
    other.writer.frame(ANSWER, 0, 0, 200, HEAD_TEXT, 'four');
    other.writer.frame(HEAD, 0, 1, 200, HEAD_TEXT, '');
    for (let n = 0; n < 3; n++) other.writer.frame(DATA, 0, 1, 0, '', 'xx');
    for (const failure of [await whole, await pieces]) expect(failure.message).toContain('larger than 3 bytes');
    await expect.poll(() => other.frames.slice(2)).toEqual([`${CANCEL}:1:0`]);
  });

  it('that hears nothing asks, and ends when nothing comes', async () => {
    const { link, other, closings } = await pair();
    const call = failureOf(ask(link, request()));
    link.tick();
    link.tick();
    await expect.poll(() => other.frames).toEqual([`${REQUEST}:0:0`, `${PING}:0:0`]);
    link.tick();
    expect(await call).toMatchObject({ phase: 'lost' });
    expect(closings).toEqual([false]);
  });

  it('that is answered lives on', async () => {
    const { link, other, closings } = await pair();
    for (let n = 0; n < 4; n++) {
      link.tick();
      other.writer.frame(PONG, 0, 0, 0, '', '');
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(closings).toEqual([]);
    expect(link).toBeInstanceOf(Link);
  });

  it('told that the other side goes takes no more calls, and closes after the last answer', async () => {
    const { link, other, closings } = await pair();
    const call = ask(link, request());
    await expect.poll(() => other.frames.length).toBe(1);
    other.writer.frame(GO_AWAY, 0, 0, 0, '', '');
    await expect.poll(() => link.isUsable).toBe(false);
    other.writer.frame(ANSWER, 0, 0, 200, HEAD_TEXT, 'last');
    expect((await call).body.toString()).toBe('last');
    other.socket.on('end', () => other.socket.end());
    await expect.poll(() => closings).toEqual([true]);
  });
});
