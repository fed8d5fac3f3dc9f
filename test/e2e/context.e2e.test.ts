import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { REPOSITORY } from './processes.test-support.ts';

type Seen = Readonly<Record<string, number>> & {
  readonly wanted: { readonly calls: number };
  readonly transports: Record<string, number>;
};
type Prove = (options: {
  requests: number;
  kind: 'import' | 'require';
  atOnce?: number;
  ways?: readonly string[];
}) => Promise<Seen>;

const load = async () =>
  (await import(pathToFileURL(path.join(REPOSITORY, 'proofs/prove-context.mjs')).href)) as { proveContext: Prove };

/** `npm run proof:context` sends ten thousand. */
const REQUESTS = 300;

describe('requests that wander through three services by every way that Node has', () => {
  it.each(['import', 'require'] as const)('each span and each log line knows whose it is, --%s', async (kind) => {
    const { proveContext } = await load();
    const { wanted, transports, spans, lines, ...faults } = await proveContext({ requests: REQUESTS, kind, atOnce: 30 });
    for (const fault of Object.keys(faults)) expect([fault, faults[fault]]).toEqual([fault, 0]);
    expect(Object.keys(faults)).toHaveLength(8);
    expect(Object.keys(transports).sort()).toEqual(['http', 'in-process', 'link']);
    expect(wanted.calls).toBeGreaterThan(REQUESTS);
  });

  it('a context that is lost is found by it', async () => {
    const { proveContext } = await load();
    const seen = await proveContext({ requests: 20, kind: 'require', ways: ['lost'] });
    expect(seen.linesWithoutId).toBeGreaterThan(20);
    expect(seen.linesOfAnotherTrace).toBeGreaterThan(20);
  });
});
