import { describe, expect, it } from 'vitest';
import { createMemoryEngine, handTime, idOf, startSource } from './memory-registry.test-support.ts';

/** `pingInterval` is 1 s in all of these: a round each 333 ms, a lease of 1.5 s, settled 2 s after an outage. */
async function fleet(...letters: string[]) {
  const time = handTime();
  const engine = createMemoryEngine(time.clock);
  const [a, ...others] = letters.map((letter) => startSource(letter, engine, time.clock));
  if (a === undefined) throw new Error('a fleet has somebody');
  await time.pass(100);
  return { time, engine, a, others };
}

const upAs = (source: { members(): readonly { id: string; status: string }[] }) =>
  source.members().flatMap(({ id, status }) => (status === 'UP' ? [id[0]] : []));

describe('a source over an engine that holds leases', () => {
  it('tells of the others and never of itself', async () => {
    const { a } = await fleet('a', 'b', 'c');
    expect(a.told).toEqual(['b UP', 'c UP']);
    expect(a.events).toEqual([{ source: 'Memory', status: 'connected' }]);
  });

  it('finds a newcomer by a hint at once, and in the next round where the hint is lost', async () => {
    const { a, engine, time } = await fleet('a');
    startSource('b', engine, time.clock);
    await time.pass(50);
    expect(a.told).toEqual(['b UP']);
    engine.losesHints = true;
    startSource('c', engine, time.clock);
    await time.pass(50);
    expect(a.told).toEqual(['b UP']);
    await time.pass(334);
    expect(a.told).toEqual(['b UP', 'c UP']);
  });

  it('asks whoever does not renew, and only who does not answer either is down', async () => {
    const { a, engine, others, time } = await fleet('a', 'b', 'c');
    await time.pass(2_000);
    for (const { source } of others) source.close();
    a.answers.set('b', 'answered');
    await time.pass(2_000);
    expect(a.told.slice(2)).toEqual(['b UP doubtful', 'c UP doubtful', 'c DOWN']);
    startSource('b', engine, time.clock);
    await time.pass(100);
    expect(a.told.at(-1)).toBe('b UP');
  });

  it('looks at once at a member of whom a call says that it refuses, whatever its lease says', async () => {
    const { a, time } = await fleet('a', 'b');
    a.source.doubt(idOf('b'));
    await time.pass(1);
    expect(a.told).toEqual(['b UP', 'b DOWN']);
    a.answers.set('b', 'answered');
    await time.pass(334);
    expect(a.told.at(-1)).toBe('b UP');
  });

  it('knows who left, and who is away for now', async () => {
    const { a, others, time } = await fleet('a', 'b', 'c');
    await others[0]?.source.leave({ isFinal: true });
    await others[1]?.source.leave({ isFinal: false });
    await time.pass(100);
    expect(a.told.slice(2)).toEqual(['b LEFT', 'c DOWN']);
  });

  it.each(['refuses', 'hangs'] as const)(
    'keeps all that it knows while the engine %s, says so once, and tries with pauses',
    async (fault) => {
      const { a, engine, time } = await fleet('a', 'b', 'c');
      a.answers.set('b', 'answered').set('c', 'answered');
      engine.fault = fault;
      const { calls } = engine;
      await time.pass(60_000);
      expect(upAs(a.source)).toEqual(['b', 'c']);
      expect(a.told).toEqual(['b UP', 'c UP']);
      expect(a.lines).toEqual([
        expect.stringMatching(
          /^Memory is lost \((ECONNREFUSED|no answer in 1000 ms).*\): members known, who stay and are called: 2; it is tried again/,
        ),
      ]);
      expect(a.events.map(({ status }) => status)).toEqual(['connected', 'lost']);
      // Three who try twice a second at most.
      expect(engine.calls - calls).toBeLessThan(3 * 60 * 2 + 10);
      engine.fault = undefined;
      await time.pass(2_000);
      expect(a.lines.at(-1)).toBe('Memory answers again');
      expect(a.told.filter((line) => !line.includes('UP'))).toEqual([]);
    },
  );

  it('does not take the empty answer of an engine that is back for the end of the others', async () => {
    const { a, engine, others, time } = await fleet('a', 'b', 'c', 'd');
    engine.fault = 'refuses';
    await time.pass(5_000);
    // All three are slow to come back; b can be asked, c refuses, d is silent.
    for (const { source } of others) source.close();
    a.answers.set('b', 'answered').set('d', 'silent');
    engine.wipe();
    engine.fault = undefined;
    await time.pass(1_100);
    expect(upAs(a.source)).toEqual(['b', 'd']);
    expect(a.source.members().find(({ id }) => id === idOf('c'))?.status).toBe('DOWN');
    await time.pass(3_000);
    expect(upAs(a.source)).toEqual(['b']);
  });

  it('finds who dies while the engine is lost, when a call says so', async () => {
    const { a, engine, time } = await fleet('a', 'b', 'c');
    engine.fault = 'hangs';
    await time.pass(5_000);
    a.source.doubt(idOf('b'));
    await time.pass(10);
    expect(upAs(a.source)).toEqual(['c']);
  });

  it('opens the engine anew when it is back, and tells the others that its record is there again', async () => {
    const { a, engine, time } = await fleet('a', 'b');
    const { opened } = engine;
    engine.fault = 'refuses';
    await time.pass(5_000);
    engine.wipe();
    const { news } = engine;
    engine.fault = undefined;
    await time.pass(1_500);
    expect(engine.opened - opened).toBe(2);
    expect(engine.news - news).toBe(2);
    expect(upAs(a.source)).toEqual(['b']);
  });

  it('puts its own record again as soon as the engine is back', async () => {
    const { engine, time } = await fleet('a', 'b');
    engine.fault = 'refuses';
    await time.pass(5_000);
    engine.wipe();
    engine.fault = undefined;
    await time.pass(1_000);
    expect([...engine.leases.keys()].sort()).toEqual([idOf('a'), idOf('b')]);
  });

  it('tells of those who went while this process was not part of the mesh', async () => {
    const { a, engine, others, time } = await fleet('a', 'b', 'c');
    const known = a.source.members();
    a.source.close();
    for (const { source } of others) source.close();
    await time.pass(10_000);
    const again = startSource('a', engine, time.clock, known);
    await time.pass(100);
    expect(again.told).toEqual(['b UP doubtful', 'c UP doubtful', 'b DOWN', 'c DOWN']);
  });

  it('tells of other routes at once, and not with the next round', async () => {
    const { a, others, time } = await fleet('a', 'b');
    others[0]?.source.announceRoutes('h2');
    await time.pass(50);
    expect(a.source.members()).toEqual([expect.objectContaining({ routesHash: 'h2', incarnation: 2 })]);
  });

  it('retires whoever was replaced at his address, and takes him back when he is elsewhere', async () => {
    const { a, engine, time } = await fleet('a', 'b');
    a.source.replaced(idOf('b'));
    expect(a.told.at(-1)).toBe('b LEFT');
    await time.pass(1_000);
    expect(a.told.at(-1)).toBe('b LEFT');
    const { value = '' } = engine.leases.get(idOf('b')) ?? {};
    a.told.length = 0;
    engine.losesHints = true;
    await time.pass(150);
    engine.leases.set(idOf('b'), { value: value.replace(/10\.0\.0\.\d+/, '10.0.0.1'), endsAtMs: 1e9 });
    await time.pass(190);
    expect(a.told).toEqual(['b UP']);
  });

  it('leaves out what is no record, says that once, and reads 4,096 at most', async () => {
    const { a, engine, time } = await fleet('a');
    const record = engine.leases.get(idOf('a'))?.value ?? '';
    for (const value of ['garbage', '[]', 'null', '{"id":"x"}', '{"__proto__":{}}', `"${'x'.repeat(3_000)}"`])
      engine.leases.set(value, { value, endsAtMs: 1e9 });
    for (let index = 0; index < 5_000; index += 1) {
      const id = index.toString(16).padStart(32, '0');
      engine.leases.set(id, { value: record.replace(idOf('a'), id), endsAtMs: 1e9 });
    }
    await time.pass(1_000);
    expect(a.lines).toEqual([expect.stringMatching(/^Memory holds what is no record of a member \(6 of \d+\), such as garbage/)]);
    expect(a.source.members().length).toBeLessThanOrEqual(4_096);
  });

  it('says what ready() waits for until the engine has answered', async () => {
    const time = handTime();
    const engine = createMemoryEngine(time.clock);
    engine.fault = 'refuses';
    const { source } = startSource('a', engine, time.clock);
    expect(source.missing?.()).toBe('Memory has not answered yet');
    await time.pass(10);
    expect(source.missing?.()).toBe('Memory does not answer (ECONNREFUSED)');
    engine.fault = undefined;
    await time.pass(2_000);
    expect(source.missing?.()).toBeUndefined();
  });

  it('leaves no timer and no watch behind, also in the middle of an answer', async () => {
    const { a, engine, time } = await fleet('a');
    for (const hint of engine.hints) hint();
    expect(time.pending()).toBe(2);
    a.source.close();
    expect(time.pending()).toBe(0);

    const b = startSource('b', engine, time.clock);
    await time.pass(100);
    engine.fault = 'hangs';
    await time.pass(400);
    b.source.close();
    await time.pass(5_000);
    expect(time.pending()).toBe(0);
    expect(engine.watchers()).toBe(0);
  });
});
