import { describe, expect, it } from 'vitest';
import { fixture, newKey, startProgram } from './processes.test-support.ts';

describe('E16: a process that requires and imports', () => {
  it('has one function, one MeshError and one state, and ends by itself when all is closed', async () => {
    const program = startProgram(fixture('both-kinds.js'), { env: { EXPRESS_DISCOVERY_KEY: newKey() } });
    const { event: _event, atMs: _atMs, ...facts } = await program.line('it tells', ({ event }) => event === 'kinds');
    expect(facts).toEqual({
      isFunction: true,
      isOneFunction: true,
      isOneClass: true,
      isInstanceOfBoth: true,
      status: 418,
      twice: 'MESH_OPTION_INVALID',
    });
    expect(await program.exit(5_000)).toMatchObject({ code: 0, signal: null });
  });
});
