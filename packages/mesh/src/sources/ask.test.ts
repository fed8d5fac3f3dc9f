import { describe, expect, it } from 'vitest';
import { createAsker } from './ask.ts';
import type { DiscoveryAnswer } from './discovery-client.ts';

/** A client whose answers come when the test says so. */
function open() {
  const open: { url: string; answer: (answer: DiscoveryAnswer) => Promise<void> }[] = [];
  const answers: string[] = [];
  const ask = createAsker({
    client: ({ url }) =>
      new Promise((resolve) => {
        const answer = async (given: DiscoveryAnswer) => {
          resolve(given);
          for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
        };
        open.push({ url, answer });
      }),
    timeoutMs: 500,
    message: () => ({}),
    onAnswer: (key, { outcome }) => answers.push(`${key} ${outcome}`),
  });
  return { open, answers, ask: (key: string) => ask({ key, url: `http://${key}`, target: key }) };
}

const SILENT: DiscoveryAnswer = { outcome: 'silent', reason: '' };

describe('asking members themselves', () => {
  it('nobody is asked twice at once, and everybody again when he has answered', async () => {
    const { open: asked, answers, ask } = open();
    for (const key of ['a', 'a', 'b', 'a']) ask(key);
    expect(asked.map(({ url }) => url)).toEqual(['http://a', 'http://b']);
    await asked[0]?.answer(SILENT);
    expect(answers).toEqual(['a silent']);
    ask('a');
    expect(asked).toHaveLength(3);
  });

  it('a connection that breaks under the question is tried once more: the process may have ended this moment', async () => {
    const { open: asked, answers, ask } = open();
    ask('a');
    await asked[0]?.answer({ outcome: 'cut', reason: '' });
    expect(answers).toEqual([]);
    await asked[1]?.answer({ outcome: 'refused', reason: '' });
    expect(answers).toEqual(['a refused']);
  });

  it('no more than sixteen are asked at once, and the others as these answer', async () => {
    const { open: asked, answers, ask } = open();
    for (let index = 0; index < 100; index += 1) ask(`${index}`);
    expect(asked).toHaveLength(16);
    for (let index = 0; index < 100; index += 1) await asked[index]?.answer(SILENT);
    expect(answers).toHaveLength(100);
  });
});
