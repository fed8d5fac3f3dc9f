import { describe, expect, it, vi } from 'vitest';
import { measureCalls } from './calls.mjs';
import { atMost } from './report.mjs';

const parts = {
  chain: async () => [atMost('attempts', 1.2, 1.5, '')],
  deadline: async () => {
    throw new Error('the chain is not whole');
  },
  reuse: async () => [atMost('errors', 0, 0, '')],
};

describe('the table of calls', () => {
  it('shows a part that could not be measured as a target that is missed, and the others beside it', async () => {
    const written = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    const rows = await measureCalls([], parts);
    expect(written).toHaveBeenCalledWith(expect.stringContaining('the chain is not whole'));
    written.mockRestore();
    expect(rows.map(({ name, isMet, note }) => [name, isMet, note])).toEqual([
      ['attempts', true, undefined],
      ['deadline', false, 'the chain is not whole'],
      ['errors', true, undefined],
    ]);
    expect(rows[1]?.value).toBeUndefined();
  });

  it('runs the parts that are asked for, and knows no others', async () => {
    expect((await measureCalls(['reuse', 'chain'], parts)).map(({ name }) => name)).toEqual(['attempts', 'errors']);
    await expect(measureCalls(['chains'], parts)).rejects.toThrow('Parts are: chain, deadline, reuse.');
  });
});
