import type { DiscoveryClient } from './discovery-client.ts';
import type { SourceMember } from './source.ts';

/** Questions under way at once: an engine that comes back empty is a question to everybody. */
const MAX_ASKED_AT_ONCE = 16;

export interface Asker {
  /** Asks the member for a sign of life, unless it is being asked. */
  ask(member: Pick<SourceMember, 'id' | 'url'>): void;
}

/** Asks members at their own addresses whether they are there. Only a proven answer counts. */
export function createAsker(
  client: DiscoveryClient,
  timeoutMs: number,
  onAnswer: (id: string, answer: 'answered' | 'refused' | 'silent') => void,
): Asker {
  const waiting = new Map<string, string>();
  const underWay = new Set<string>();

  async function question(id: string, url: string): Promise<void> {
    const once = () => client({ url, method: 'POST', path: '/_discovery/ping', body: {}, target: id, timeoutMs });
    let { outcome } = await once();
    // A dying process closes its connections before its port: the next try is refused, and that is an answer.
    if (outcome === 'cut') ({ outcome } = await once());
    underWay.delete(id);
    onAnswer(id, outcome === 'answered' || outcome === 'refused' ? outcome : 'silent');
    askNext();
  }

  function askNext(): void {
    for (const [id, url] of waiting) {
      if (underWay.size >= MAX_ASKED_AT_ONCE) return;
      waiting.delete(id);
      underWay.add(id);
      void question(id, url);
    }
  }

  return {
    ask({ id, url }) {
      if (underWay.has(id)) return;
      waiting.set(id, url);
      askNext();
    },
  };
}
