import type { Socket } from 'node:net';
import { expect, it } from 'vitest';
import { LinkViolation } from './protocol.ts';
import { SealedSink, Unsealer } from './seal.ts';

const key = Buffer.alloc(32, 7);

function sealed(...texts: string[]): Buffer[] {
  const written: Buffer[] = [];
  const socket = { cork() {}, uncork() {}, write: (bytes: Buffer) => written.push(Buffer.from(bytes)) };
  const sink = new SealedSink(socket as unknown as Socket, key);
  return texts.map((text) => {
    sink.write(Buffer.from(text));
    return Buffer.concat(written.splice(0));
  });
}

function open(chunks: readonly Buffer[], by = key): string {
  let text = '';
  const unsealer = new Unsealer(by, (bytes) => {
    text += String(bytes);
  });
  for (const chunk of chunks) unsealer.push(chunk);
  return text;
}

it('what was sealed is read, in whatever pieces it comes', () => {
  const bytes = Buffer.concat(sealed('one', 'two', 'three'.repeat(5_000)));
  const whole = `onetwo${'three'.repeat(5_000)}`;
  expect(open([bytes])).toBe(whole);
  for (const size of [1, 7, 35, 36, 37, 1_000]) {
    const chunks: Buffer[] = [];
    for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size));
    expect(open(chunks)).toBe(whole);
  }
});

it('what was changed, repeated, left out or put in another place is refused; so is another key', () => {
  const [one, two] = sealed('one', 'two') as [Buffer, Buffer];
  for (let at = 0; at < one.length; at++) {
    const changed = Buffer.from(one);
    changed[at] = (changed[at] as number) ^ 1;
    // A length that says more is waited for; the link then ends by its silence.
    if (at < 4) expect([0, 1].map(() => attempt([changed, two]))).not.toContain('onetwo');
    else expect(() => open([changed])).toThrow(LinkViolation);
  }
  for (const chunks of [[one, one], [two], [two, one]]) expect(() => open(chunks)).toThrow('not sealed rightly');
  expect(() => open([one], Buffer.alloc(32, 8))).toThrow('not sealed rightly');
  for (const length of [0, 1_000_000]) {
    const head = Buffer.alloc(36);
    head.writeUInt32LE(length);
    expect(() => open([head])).toThrow(`record of ${length} bytes`);
  }
});

function attempt(chunks: readonly Buffer[]): string {
  try {
    return open(chunks);
  } catch (error) {
    return String(error);
  }
}
