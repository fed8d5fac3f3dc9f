import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { expresses, stopAll } from '../fleet.test-support.ts';
import { answers } from './answer-cases.test-support.ts';
import { makeFiles } from './app.test-support.ts';
import { bodies } from './body-cases.test-support.ts';
import { ecosystem } from './ecosystem-cases.test-support.ts';
import { errors } from './error-cases.test-support.ts';
import { files } from './file-cases.test-support.ts';
import { lifetimes } from './lifetime-cases.test-support.ts';
import { node } from './node-cases.test-support.ts';
import { type Case, differences, runCase, type Way } from './parity.test-support.ts';
import { requests } from './request-cases.test-support.ts';
import { BARE, divide, WAYS } from './ways.test-support.ts';

vi.mock('../../../mesh/src/call/answer.ts', async (original) => {
  const { tapped } = await import('./answer-tap.test-support.ts');
  return tapped(await original<Record<string, unknown>>());
});

const TOPICS = [requests, bodies, answers, files, ecosystem, node, errors, lifetimes];
const folder = makeFiles();
const counts: string[] = [];

afterAll(() => {
  folder.remove();
  console.log(counts.join('\n'));
});

describe.each(expresses.map(([version]) => version as 'Express 4' | 'Express 5'))('the same app on %s', (version) => {
  let bare: Way;
  const known = new Map<Case, ReturnType<typeof runCase>>();
  /** What bare Express answers, asked once for all ways. */
  const reference = (each: Case) => {
    const compared = known.get(each) ?? runCase(bare, each);
    known.set(each, compared);
    return compared;
  };

  beforeAll(async () => {
    // Express writes there what nobody handled.
    vi.spyOn(console, 'error').mockImplementation(() => {});
    bare = await BARE.open(TOPICS, version, folder.folder);
  });
  afterAll(async () => {
    await bare.close();
    await stopAll();
    vi.restoreAllMocks();
  });

  describe.each(WAYS.map((kind) => [kind.name, kind] as const))('%s', (_name, kind) => {
    const { run, left } = divide(kind, TOPICS, version);
    let way: Way;
    let ran = 0;
    const differing: string[] = [];
    beforeAll(async () => {
      way = await kind.open(TOPICS, version, folder.folder);
    });
    afterAll(async () => {
      await way.close();
      const reasons = [...new Set(left.map((each) => each.case.notByCall))];
      const count = (reason: unknown) => left.filter((each) => each.case.notByCall === reason).length;
      const why = reasons.map((reason) => `${count(reason)} left out (${reason})`);
      if (differing.length > 0) why.unshift(`${differing.length} known to differ (${differing.join('; ')})`);
      counts.push([`${version}, ${kind.name}: ${ran} cases ran`, ...why].join('; '));
      if (ran === 0) throw new Error(`No case ran for ${kind.name}.`);
    });

    it.each(run.map((each) => [`${each.topic}: ${each.case.name}`, each.case] as const))('%s', async (name, each) => {
      const wanted = await reference(each);
      expect(wanted.statuses, 'bare Express answers as the case says').toEqual(wanted.wanted);
      const actual = await runCase(way, each);
      ran += 1;
      const found = differences(kind.comparable(actual), kind.comparable(wanted));
      const why = kind.differs?.(name, version);
      if (why === undefined) {
        if (found.length > 0) expect.fail(found.join('\n'));
      } else {
        expect(found, `it is the same now, and said to differ: ${why}`).not.toEqual([]);
        differing.push(`${name}: ${why}`);
      }
    });
  });
});
