import type { Clock } from '@express-micro/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEADLINE } from '../wire.ts';
import { LinkAnswer } from './answer-codec.ts';
import { codeAt, FrameReader, flagsAt, headOf } from './frame-reader.ts';
import { FrameWriter } from './frame-writer.ts';
import { LinkViolation, MAX_FRAME_BYTES, MAX_REQUEST_HEAD_BYTES } from './protocol.ts';
import { decodeRequestHead, encodeRequestHead } from './request-codec.ts';

interface Frame {
  readonly kind: number;
  readonly flags: number;
  readonly stream: number;
  readonly code: number;
  readonly head: string;
  readonly body: string;
}

const latin1 = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)), maxLength: 300 });
const frames = fc.array(
  fc.record({
    kind: fc.integer({ min: 0, max: 255 }),
    flags: fc.integer({ min: 0, max: 255 }),
    stream: fc.integer({ min: 0, max: 0xffff_ffff }),
    code: fc.integer({ min: 0, max: 0xffff }),
    head: latin1,
    body: fc.oneof(fc.string({ unit: 'grapheme', maxLength: 300 }), fc.constant('x'.repeat(40_000))),
  }),
  { maxLength: 20 },
);

/** What a writer hands to its socket. */
function bytesOf(all: readonly Frame[], asBytes = false): Buffer {
  const written: Uint8Array[] = [];
  const writer = new FrameWriter({ write: (bytes) => written.push(bytes) }, () => {});
  for (const { kind, flags, stream, code, head, body } of all) {
    writer.frame(kind, flags, stream, code, head, asBytes ? Buffer.from(body) : body);
  }
  writer.flush();
  return Buffer.concat(written);
}

function reading(): { reader: FrameReader; seen: Frame[] } {
  const seen: Frame[] = [];
  const reader = new FrameReader({
    onFrame: (kind, stream, bytes, at, body, end) =>
      seen.push({
        kind,
        stream,
        flags: flagsAt(bytes, at),
        code: codeAt(bytes, at),
        head: headOf(bytes, at, body),
        body: bytes.toString('utf8', body, end),
      }),
  });
  return { reader, seen };
}

/** Pieces of these lengths, again and again. */
function* pieces(bytes: Buffer, lengths: readonly number[]): Generator<Buffer> {
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const length = lengths[turn % lengths.length] as number;
    yield Buffer.from(bytes.subarray(at, at + length));
    at += length;
  }
}

describe('the head of an answer', () => {
  const headersOf = (head: string) => {
    const bytes = Buffer.from(head, 'latin1');
    return new LinkAnswer(200, false, bytes, 0, bytes.length, bytes.length).headers;
  };

  // Both took the caller seconds.
  it.each([
    ['of one field some thousand times', '\r\na: 1'.repeat(10_000), { a: 9_999 }],
    ['of lines that are no fields', `\r\nx${'\r\nx'.repeat(20_000)}\r\na: 1\r\n`, { a: 1 }],
  ])('%s is read in a moment', (_what, head, expected) => {
    const before = process.cpuUsage();
    const counts = Object.fromEntries(Object.entries(headersOf(head)).map(([name, value]) => [name, [value].flat().length]));
    expect(process.cpuUsage(before).user / 1_000).toBeLessThan(250);
    expect(counts).toEqual(expected);
  });

  it('has its fields by small letters, those that came more than once as lists, and nothing from a prototype', () => {
    const headers = headersOf('HTTP/1.1 200 OK\r\nX-A: 1\r\nX-A: 2\r\nx-a: 3\r\n__proto__: x\r\n: y\r\nno field\r\n\r\n');
    expect(Object.entries(headers)).toEqual([
      ['x-a', ['1', '2', '3']],
      ['__proto__', 'x'],
    ]);
  });
});

describe('frames', () => {
  it('come out as they went in, whatever the pieces in which they arrive', () => {
    const lengths = fc.array(fc.integer({ min: 1, max: 70_000 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(frames, lengths, fc.boolean(), (all, sizes, asBytes) => {
        const { reader, seen } = reading();
        for (const piece of pieces(bytesOf(all, asBytes), sizes)) reader.push(piece);
        expect(seen).toEqual(all);
      }),
      { numRuns: 300 },
    );
  });

  it('byte by byte too', () => {
    fc.assert(
      fc.property(frames, (all) => {
        const short = all.map((frame) => ({ ...frame, body: [...frame.body].slice(0, 20).join('') }));
        const { reader, seen } = reading();
        for (const piece of pieces(bytesOf(short), [1])) reader.push(piece);
        expect(seen).toEqual(short);
      }),
      { numRuns: 50 },
    );
  });

  it('of one turn go out in one write at its end, but each 24 of them at once', async () => {
    const frames: number[] = [];
    const writer = new FrameWriter({ write: ({ length }) => frames.push(length / 22) }, () => {});
    const put = (count: number) => {
      for (let n = 0; n < count; n++) writer.frame(1, 0, n, 0, 'head', 'body');
    };
    put(23);
    expect(frames).toEqual([]);
    await new Promise((resolve) => setImmediate(resolve));
    expect(frames).toEqual([23]);
    put(60);
    expect(frames).toEqual([23, 24, 24]);
    await new Promise((resolve) => setImmediate(resolve));
    expect(frames).toEqual([23, 24, 24, 12]);
  });

  it('of a long turn do not wait for its end', async () => {
    const written: Uint8Array[] = [];
    let nowMs = 0;
    const clock = { monotonicMs: () => nowMs } as Clock;
    const writer = new FrameWriter({ write: (bytes) => written.push(bytes) }, () => {}, clock);
    for (let n = 0; n < 10; n++) {
      writer.frame(1, 0, n, 0, 'head', 'body');
      nowMs += 1;
    }
    // Three each time: the third comes two milliseconds after the first.
    expect(written.map(({ length }) => length)).toEqual([66, 66, 66]);
    await new Promise((resolve) => setImmediate(resolve));
    expect(written.map(({ length }) => length)).toEqual([66, 66, 66, 22]);
  });

  it('garbage is refused with a reason, or waited for, and never held beyond one frame', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 2_000 }), { maxLength: 20 }), (chunks) => {
        const { reader } = reading();
        try {
          for (const chunk of chunks) {
            reader.push(Buffer.from(chunk));
            const held = (reader as unknown as { partial?: Buffer; rest?: Buffer }).partial?.length ?? 0;
            expect(held).toBeLessThanOrEqual(MAX_FRAME_BYTES);
          }
        } catch (error) {
          expect(error).toBeInstanceOf(LinkViolation);
        }
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ['longer than any frame', [0xff, 0xff, 0xff, 0x7f]],
    ['just too long', [...Buffer.from(new Uint32Array([MAX_FRAME_BYTES - 3]).buffer)]],
    ['shorter than its own fields', [3, 0, 0, 0]],
    ['of nothing', [0, 0, 0, 0]],
  ])('a length %s is refused before a byte of it is kept', (_what, length) => {
    expect(() => reading().reader.push(Buffer.from(length))).toThrow(LinkViolation);
  });

  it('a head that is longer than its frame is refused', () => {
    const bytes = bytesOf([{ kind: 1, flags: 0, stream: 0, code: 0, head: 'abc', body: '' }]);
    bytes[6] = 4;
    expect(() => reading().reader.push(bytes)).toThrow('head is longer');
  });
});

const OF_THE_CONNECTION = ['host', 'here', 'connection', 'keep-alive'];

describe('the head of a request', () => {
  it('of nearly every call is read as the same with headers would be', () => {
    const own = { requestId: 'an-id', remainingMs: 1_200 };
    const fields = ['x-request-id', 'an-id', DEADLINE, '1200'];
    const headers = { host: 'here', connection: 'keep-alive', 'x-request-id': 'an-id', [DEADLINE]: '1200' };
    const short = decodeRequestHead(encodeRequestHead('GET', '/a?b=c', [], own), 'here', undefined, 1_200);
    const read = { method: 'GET', url: '/a?b=c', rawHeaders: [...OF_THE_CONNECTION, ...fields], headers };
    expect(short).toEqual({ ...read, own, isBare: true });
    expect(decodeRequestHead(encodeRequestHead('GET', '/a?b=c', fields), 'here')).toEqual({
      ...read,
      own: undefined,
      isBare: false,
    });
  });

  it('has the id first, other headers behind it and the deadline last, as over HTTP', () => {
    const own = { requestId: 'an-id', remainingMs: 7 };
    const head = decodeRequestHead(encodeRequestHead('PUT', '/', ['x', 'y'], own), 'here', 3, 7);
    const said = ['x-request-id', 'an-id', 'x', 'y', DEADLINE, '7', 'content-length', '3'];
    expect(head).toMatchObject({ own, isBare: false, rawHeaders: [...OF_THE_CONNECTION, ...said] });
    expect(head.headers).toMatchObject({ x: 'y', 'content-length': '3', [DEADLINE]: '7' });
  });

  it('names a longer time than the frame has room for by a header', () => {
    const own = { requestId: 'an-id', remainingMs: 65_536 };
    const read = decodeRequestHead(encodeRequestHead('GET', '/', ['x', 'y'], own), 'here');
    expect(read.rawHeaders).toEqual([...OF_THE_CONNECTION, 'x-request-id', 'an-id', 'x', 'y', DEADLINE, '65536']);
  });

  it.each(['GET /', 'GET /\n', 'GET /\na b', `GET /\n${'a'.repeat(129)}`, 'GET /\na:b'])('%j with no id is refused', (head) => {
    expect(() => decodeRequestHead(head, 'here', undefined, 1)).toThrow(LinkViolation);
  });

  it('comes out as it went in', () => {
    const name = fc.stringMatching(/^x-[a-z0-9]{1,10}$/);
    const value = fc.stringMatching(/^[\x20-\x7e\x80-\xff]{0,30}$/);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(name, value), { maxLength: 10 }),
        fc.stringMatching(/^\/[\x21-\x7e]{0,40}$/),
        (pairs, path) => {
          const head = encodeRequestHead('POST', path, pairs.flat());
          const { method, url, rawHeaders } = decodeRequestHead(head, 'here');
          expect({ method, url }).toEqual({ method: 'POST', url: path });
          expect(rawHeaders).toEqual([...OF_THE_CONNECTION, ...pairs.flat()]);
        },
      ),
    );
  });

  it('lets the time through that is left for the call', () => {
    const { rawHeaders } = decodeRequestHead(encodeRequestHead('GET', '/', [DEADLINE, '1200']), 'here');
    expect(rawHeaders).toEqual([...OF_THE_CONNECTION, DEADLINE, '1200']);
  });

  it.each([
    'GET',
    'GET no-slash',
    'get /',
    'CONNECT /',
    'GET /a b',
    'GET /\u0000',
    'GET /\nno colon',
    'GET /\n:no name',
    'GET /\nbad name:1',
    'GET /\nUPPER:1',
    'GET /\nname:a\rb',
    'GET /\nname:a\u0000',
    'GET /\nhost:elsewhere',
    'GET /\ncontent-length:5',
    'GET /\ntransfer-encoding:chunked',
    'GET /\nexpress-micro-sender:me/00',
    'GET /\nexpress-micro-caller:token',
    `GET /${'a'.repeat(MAX_REQUEST_HEAD_BYTES)}`,
    `GET /\n${Array.from({ length: 201 }, () => 'a:1').join('\n')}`,
  ])('%j is refused', (head) => {
    expect(() => decodeRequestHead(head.slice(0, 20_000), 'here')).toThrow(LinkViolation);
  });

  it('anything at all is a request or refused', () => {
    fc.assert(
      fc.property(latin1, (head) => {
        try {
          decodeRequestHead(head, 'here');
        } catch (error) {
          expect(error).toBeInstanceOf(LinkViolation);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('the head of an answer', () => {
  const head = (lines: string) => LinkAnswer.of(200, false, `HTTP/1.1 200 OK\r\n${lines}\r\n`, Buffer.alloc(0)).headers;

  it('is read as HTTP is: small names, lists of what came twice, nothing special about __proto__', () => {
    expect(head('Set-Cookie: a\r\nX-Y:  spaced \t\r\nset-cookie: b\r\n')).toEqual({ 'set-cookie': ['a', 'b'], 'x-y': 'spaced' });
    expect(Object.keys(head('__proto__: 1\r\n'))).toEqual(['__proto__']);
    expect(head('')).toEqual({});
  });
});
