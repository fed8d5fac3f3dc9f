import { expect, it } from 'vitest';
import { createWireSize } from './wire-size.ts';

it('the ping of a quiet fleet and its answer are as long as on a socket, where they were written down', () => {
  const size = createWireSize('watcher');
  const ping = { kind: 'ping', url: 'http://127.0.0.1:4802', target: 'b'.repeat(32) } as const;
  expect(size.question({ ...ping, message: { digest: '8a0118e7f0cdeca7' } })).toBe(534);
  expect(size.question({ ...ping, message: { digest: '8a0118e7f0cdeca7', withinMs: 5 } })).toBeGreaterThan(534 + 100);
  expect(size.answer({ status: 'OK' })).toBe(578);
});
