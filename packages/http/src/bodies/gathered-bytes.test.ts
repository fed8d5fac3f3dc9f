import fc from 'fast-check';
import { afterEach, expect, it, vi } from 'vitest';
import { GatheredBytes } from './gathered-bytes.ts';

afterEach(() => vi.restoreAllMocks());

function gathered(pieces: readonly Uint8Array[]): Buffer {
  const bytes = new GatheredBytes();
  for (const piece of pieces) bytes.add(Buffer.from(piece));
  expect(bytes.size).toBe(pieces.reduce((sum, { length }) => sum + length, 0));
  return bytes.take();
}

it('gives what has come, whatever the pieces', () => {
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 3 }),
    fc.integer({ min: 0, max: 3_000 }).chain((length) => fc.uint8Array({ minLength: length, maxLength: length })),
    fc.constant(new Uint8Array(20_000).fill(7)),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
      expect(gathered(pieces).equals(Buffer.concat(pieces))).toBe(true);
    }),
    { numRuns: 300 },
  );
});

it('keeps no buffer for each small piece, whatever stands between them', () => {
  const concat = vi.spyOn(Buffer, 'concat');
  const kept = (pieces: readonly Uint8Array[]) => {
    gathered(pieces);
    const list = concat.mock.lastCall?.[0] ?? [];
    // What a piece keeps alive is all of its memory.
    const held = new Set(list.map(({ buffer }) => buffer));
    return { buffers: list.length, bytes: [...held].reduce((sum, { byteLength }) => sum + byteLength, 0) };
  };
  expect(kept(Array(100_000).fill(Buffer.from('x'))).buffers).toBeLessThan(10);
  const mixed = kept(Array.from({ length: 2_000 }, (_, at) => (at % 2 === 0 ? Buffer.from('x') : Buffer.alloc(1_024))));
  expect(mixed.buffers).toBeLessThanOrEqual(2_001);
  expect(mixed.bytes).toBeLessThan(2 * 1_000 * 1_025);
});

it('hands a body of one piece on as it is', () => {
  const bytes = new GatheredBytes();
  const piece = Buffer.from('{"a":1}');
  bytes.add(piece);
  expect(bytes.take()).toBe(piece);
  expect(new GatheredBytes().take()).toHaveLength(0);
});
