import type { DiscoveryAnswer, DiscoveryClient } from './discovery-client.ts';

/** Questions under way at once: an engine that comes back empty is a question to everybody. */
const MAX_ASKED_AT_ONCE = 16;

export interface Question {
  /** Whoever is being asked under this name is not asked again. */
  readonly key: string;
  readonly url: string;
  /** Id of the member that is meant; `undefined`: whoever is there. */
  readonly target: string | undefined;
}

export interface AskerOptions {
  readonly client: DiscoveryClient;
  readonly timeoutMs: number;
  /** What we say of ourselves while we ask. */
  readonly message: () => unknown;
  readonly onAnswer: (key: string, answer: DiscoveryAnswer) => void;
}

/** Asks members at their own addresses whether they are there. Only a proven answer counts. */
export function createAsker({ client, timeoutMs, message, onAnswer }: AskerOptions): (question: Question) => void {
  const waiting = new Map<string, Question>();
  const underWay = new Set<string>();

  async function ask({ key, url, target }: Question): Promise<void> {
    const once = () => client({ url, method: 'POST', path: '/_discovery/ping', body: message(), target, timeoutMs });
    let answer = await once();
    // A dying process closes its connections before its port: the next try is refused, and that is an answer.
    if (answer.outcome === 'cut') answer = await once();
    underWay.delete(key);
    onAnswer(key, answer);
    askNext();
  }

  function askNext(): void {
    for (const [key, question] of waiting) {
      if (underWay.size >= MAX_ASKED_AT_ONCE) return;
      waiting.delete(key);
      underWay.add(key);
      void ask(question);
    }
  }

  return (question) => {
    if (underWay.has(question.key)) return;
    waiting.set(question.key, question);
    askNext();
  };
}
