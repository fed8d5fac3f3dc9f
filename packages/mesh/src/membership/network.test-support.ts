import type { MembershipEvent } from './events.ts';
import type { Member } from './member.ts';
import { createState, type MembershipState } from './state.ts';
import { speak, step } from './step.ts';
import { membershipTunables } from './tunables.ts';

/** mulberry32: small, fast, and the same on every machine. */
function seededRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export interface TestNode {
  readonly id: string;
  readonly url: string;
  state: MembershipState;
  /** `killed`: its port refuses. `paused`: it neither answers nor beats. */
  condition: 'running' | 'killed' | 'paused';
  /** What its step reported, in order. */
  readonly changes: { atMs: number; id: string; status: string }[];
}

/**
 * A network in memory around the pure protocol: virtual time, seeded delays and losses. Nodes that cannot hear each other
 * are silent; a killed one refuses at once, as an operating system does.
 */
export function createTestNetwork(seed: number, pingIntervalMs = 5_000) {
  const random = seededRandom(seed);
  const tunables = membershipTunables(pingIntervalMs);
  const nodes: TestNode[] = [];
  const queue: { atMs: number; order: number; run: () => void }[] = [];
  let nowMs = 0;
  let order = 0;
  let loss = 0;
  let isCut: (from: TestNode, to: TestNode) => boolean = () => false;

  const later = (delayMs: number, run: () => void) => {
    order += 1;
    queue.push({ atMs: nowMs + delayMs, order, run });
  };
  const latencyMs = () => 1 + random() * 4;

  function apply(node: TestNode, event: MembershipEvent): void {
    if (node.condition !== 'running') return;
    for (const action of step(node.state, nowMs, event)) {
      if (action.type === 'changed') node.changes.push({ atMs: nowMs, id: action.member.id, status: action.member.status });
      else if (action.type === 'probe') {
        const message = speak(node.state, action.id);
        send(node, action.url, message, (outcome) => apply(node, { type: 'probed', id: action.id, outcome }), action.id);
      } else if (action.type === 'ask-helper') askHelper(node, action.helper, action.id);
      else if (action.type === 'forgotten') continue;
      else if (action.type === 'gossip')
        send(node, action.to.url, { from: node.state.self, updates: [...action.updates] }, () => {}, action.to.id);
      else {
        const all = [...node.state.entries.values()].map((entry) => entry.member);
        send(
          node,
          action.url,
          { from: node.state.self, updates: all },
          (outcome, owner) => {
            if (action.seed !== undefined)
              apply(node, { type: 'seed-answered', url: action.seed, ownerId: outcome === 'answered' ? owner : undefined });
          },
          action.id,
          true,
        );
      }
    }
  }

  /** One request and its answer; the answer is taken in before the outcome is told. */
  function send(
    from: TestNode,
    url: string,
    message: { from: Member; updates: Member[] },
    done: (outcome: 'answered' | 'refused' | 'silent', owner?: string) => void,
    target?: string,
    isSync = false,
  ): void {
    const to = nodes.find((node) => node.url === url);
    let isDone = false;
    const finish = (outcome: 'answered' | 'refused' | 'silent', owner?: string) => {
      if (isDone) return;
      isDone = true;
      done(outcome, owner);
    };
    later(tunables.probeTimeoutMs, () => finish('silent'));
    if (to === undefined || to.condition === 'killed' || isCut(from, to) || random() < loss) {
      if (to === undefined || (to.condition === 'killed' && !isCut(from, to))) later(latencyMs(), () => finish('refused'));
      return;
    }
    later(latencyMs(), () => {
      if (to.condition !== 'running') return;
      if (target !== undefined && target !== to.id) return;
      apply(to, { type: 'heard', from: message.from, updates: message.updates, isAnswer: false });
      const reply = speak(to.state, from.id);
      if (isSync) reply.updates = [...to.state.entries.values()].map((entry) => entry.member);
      if (isCut(to, from) || random() < loss) return;
      later(latencyMs(), () => {
        if (isDone) return;
        apply(from, { type: 'heard', from: reply.from, updates: reply.updates, isAnswer: true, digest: reply.digest });
        finish('answered', to.id);
      });
    });
  }

  function askHelper(node: TestNode, helper: Member, id: string): void {
    const other = nodes.find((one) => one.id === helper.id);
    const target = nodes.find((one) => one.id === id);
    let isDone = false;
    const finish = (outcome: 'answered' | 'refused' | 'silent') => {
      if (isDone) return;
      isDone = true;
      apply(node, { type: 'helped', id, outcome });
    };
    later(tunables.probeTimeoutMs, () => finish('silent'));
    if (other?.condition !== 'running' || isCut(node, other) || target === undefined) return;
    later(latencyMs(), () =>
      send(other, target.url, speak(other.state, id), (outcome) => later(latencyMs(), () => finish(outcome)), id),
    );
  }

  function beat(node: TestNode): void {
    if (node.condition === 'killed') return;
    apply(node, { type: 'pulse', lateMs: 0 });
    later(tunables.pulseMs, () => beat(node));
  }

  return {
    nodes,
    tunables,
    now: () => nowMs,
    setLoss: (rate: number) => {
      loss = rate;
    },
    setCut: (cut: typeof isCut) => {
      isCut = cut;
    },
    apply,
    add(service: string, seeds: readonly string[], url = `http://10.0.0.${nodes.length + 1}:3000`): TestNode {
      const id = Math.floor(random() * 2 ** 48)
        .toString(16)
        .padStart(32, '0');
      const self: Member = { id, service, url, incarnation: 1, status: 'ALIVE', routesHash: 'h', isSigning: false };
      const node: TestNode = {
        id,
        url,
        condition: 'running',
        changes: [],
        state: createState({ self, seeds, tunables, random, nowMs }),
      };
      nodes.push(node);
      beat(node);
      return node;
    },
    run(durationMs: number): void {
      const endMs = nowMs + durationMs;
      for (;;) {
        queue.sort((a, b) => a.atMs - b.atMs || a.order - b.order);
        const next = queue[0];
        if (next === undefined || next.atMs > endMs) break;
        queue.shift();
        nowMs = next.atMs;
        next.run();
      }
      nowMs = endMs;
    },
  };
}

/** How `node` sees the member of that id. */
export function statusOf(node: TestNode, id: string): string | undefined {
  return node.state.entries.get(id)?.member.status;
}
