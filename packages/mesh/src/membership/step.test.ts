import { describe, expect, it } from 'vitest';
import { isPresent } from './member.ts';
import { createTestNetwork, statusOf, type TestNode } from './network.test-support.ts';
import { step } from './step.ts';

function fleet(size: number, seed = 1, pingIntervalMs = 5_000) {
  const network = createTestNetwork(seed, pingIntervalMs);
  const first = network.add('seed', []);
  const others = Array.from({ length: size - 1 }, (_, index) => network.add(`service-${index}`, [first.url]));
  return { network, nodes: [first, ...others] };
}

function seesAll(node: TestNode, nodes: readonly TestNode[]): boolean {
  return nodes.every((other) => other === node || statusOf(node, other.id) === 'ALIVE');
}

describe('finding each other', () => {
  it('everybody knows everybody within five seconds from one seed', () => {
    const { network, nodes } = fleet(20);
    network.run(5_000);
    expect(nodes.filter((node) => seesAll(node, nodes))).toHaveLength(20);
  });

  it('works in a chain: a knows b, b knows c, a finds c', () => {
    const network = createTestNetwork(2);
    const c = network.add('c', []);
    const b = network.add('b', [c.url]);
    const a = network.add('a', [b.url]);
    network.run(5_000);
    expect(statusOf(a, c.id)).toBe('ALIVE');
    expect(statusOf(c, a.id)).toBe('ALIVE');
  });

  it('a seed that starts late is found, within two ping intervals', () => {
    const network = createTestNetwork(3);
    const a = network.add('a', ['http://10.0.0.2:3000']);
    network.run(60_000);
    const b = network.add('b', []);
    network.run(10_500);
    expect(statusOf(a, b.id)).toBe('ALIVE');
    expect(statusOf(b, a.id)).toBe('ALIVE');
  });

  it('does not depend on who names whom: one direction is enough for both', () => {
    const network = createTestNetwork(4);
    const a = network.add('a', []);
    const b = network.add('b', [a.url]);
    network.run(2_000);
    expect([statusOf(a, b.id), statusOf(b, a.id)]).toEqual(['ALIVE', 'ALIVE']);
  });
});

describe('losing members', () => {
  it('a refused connection is known at once to who saw it, to nearly all within a second and to all within five', () => {
    let unaware = 0;
    for (let seed = 1; seed <= 50; seed++) {
      const { network, nodes } = fleet(10, seed);
      network.run(10_000);
      const victim = nodes[4] as TestNode;
      victim.condition = 'killed';
      const others = nodes.filter((node) => node !== victim);
      network.run(100);
      // One of them had a connection open and saw it end.
      network.apply(others[0] as TestNode, { type: 'doubted', id: victim.id });
      network.run(100);
      expect(statusOf(others[0] as TestNode, victim.id), `seed ${seed}`).toBe('DEAD');
      network.run(900);
      unaware += others.filter((node) => statusOf(node, victim.id) !== 'DEAD').length;
      network.run(4_000);
      expect(
        others.filter((node) => statusOf(node, victim.id) !== 'DEAD'),
        `seed ${seed}`,
      ).toHaveLength(0);
    }
    expect(unaware / (50 * 9)).toBeLessThan(0.02);
  });

  it('silence is known to all within 2.5 ping intervals and a second, in fleets of up to ten', () => {
    for (const size of [2, 3, 5, 10]) {
      for (let seed = 1; seed <= 25; seed++) {
        const { network, nodes } = fleet(size, seed);
        network.run(10_000);
        const victim = nodes[1] as TestNode;
        victim.condition = 'paused';
        network.run(2.5 * 5_000 + 1_000);
        const unaware = nodes.filter((node) => node !== victim && statusOf(node, victim.id) !== 'DEAD');
        expect(unaware, `size ${size}, seed ${seed}`).toHaveLength(0);
      }
    }
  });

  it('a doubt that comes when our own question is back asks again: a dying process may still have been there', () => {
    const { network, nodes } = fleet(3, 20);
    network.run(10_000);
    const [node, victim] = nodes as [TestNode, TestNode];
    node.state.rounds.delete(victim.id);
    const doubt = () => step(node.state, network.now(), { type: 'doubted', id: victim.id });
    expect(doubt()).toEqual([{ type: 'probe', id: victim.id, url: victim.url }]);
    expect(doubt()).toEqual([]);
    step(node.state, network.now(), { type: 'probed', id: victim.id, outcome: 'silent' });
    expect(doubt()).toEqual([{ type: 'probe', id: victim.id, url: victim.url }]);
  });

  it('whoever was thought dead comes back by himself when he is heard again', () => {
    const { network, nodes } = fleet(5, 7);
    network.run(10_000);
    const victim = nodes[2] as TestNode;
    victim.condition = 'paused';
    network.run(30_000);
    expect(statusOf(nodes[0] as TestNode, victim.id)).toBe('DEAD');
    victim.condition = 'running';
    network.apply(victim, { type: 'pulse', lateMs: 30_000 });
    network.run(20_000);
    expect(nodes.filter((node) => seesAll(node, nodes))).toHaveLength(5);
  });

  it('one broken route between two members kills nobody', () => {
    const { network, nodes } = fleet(5, 8);
    network.run(10_000);
    const [a, b] = nodes as [TestNode, TestNode];
    network.setCut((from, to) => (from === a && to === b) || (from === b && to === a));
    network.run(120_000);
    const deaths = nodes.flatMap((node) => node.changes.filter((change) => change.status === 'DEAD'));
    expect(deaths).toEqual([]);
  });

  it('everybody is there at the end of ten minutes in which a tenth of all messages was lost', () => {
    const { network, nodes } = fleet(10, 9);
    network.run(10_000);
    network.setLoss(0.1);
    network.run(600_000);
    network.setLoss(0);
    network.run(60_000);
    expect(nodes.filter((node) => seesAll(node, nodes))).toHaveLength(10);
  });

  it('a fleet split in two is whole again soon after', () => {
    const { network, nodes } = fleet(10, 10);
    network.run(10_000);
    const side = (node: TestNode) => nodes.indexOf(node) < 5;
    network.setCut((from, to) => side(from) !== side(to));
    network.run(60_000);
    expect(statusOf(nodes[0] as TestNode, (nodes[9] as TestNode).id)).toBe('DEAD');
    network.setCut(() => false);
    network.run(20_000);
    expect(nodes.filter((node) => seesAll(node, nodes))).toHaveLength(10);
  });
});

describe('leaving and moving', () => {
  it('who leaves is gone at once and never comes back', () => {
    const { network, nodes } = fleet(5, 11);
    network.run(10_000);
    const leaver = nodes[3] as TestNode;
    network.apply(leaver, { type: 'left', isFinal: true });
    network.run(1_000);
    leaver.condition = 'killed';
    network.run(120_000);
    const others = nodes.filter((node) => node !== leaver);
    expect(others.map((node) => statusOf(node, leaver.id))).toEqual(['LEFT', 'LEFT', 'LEFT', 'LEFT']);
    const returns = others.flatMap((node) =>
      node.changes.filter((change) => change.id === leaver.id && change.status === 'ALIVE'),
    );
    expect(returns).toHaveLength(others.length);
  });

  it('a new list of routes reaches everybody', () => {
    const { network, nodes } = fleet(10, 12);
    network.run(10_000);
    const owner = nodes[5] as TestNode;
    network.apply(owner, { type: 'routes-changed', routesHash: 'new' });
    network.run(3_000);
    const hashes = nodes.filter((node) => node !== owner).map((node) => node.state.entries.get(owner.id)?.member.routesHash);
    expect(new Set(hashes)).toEqual(new Set(['new']));
  });

  it('a restart at the same address is somebody new, and the old one is gone', () => {
    const { network, nodes } = fleet(4, 13);
    network.run(10_000);
    const old = nodes[1] as TestNode;
    old.condition = 'killed';
    network.nodes.splice(network.nodes.indexOf(old), 1);
    const fresh = network.add('service-0', [(nodes[0] as TestNode).url], old.url);
    network.run(2_000);
    network.apply(nodes[0] as TestNode, { type: 'replaced', id: old.id });
    network.run(3_000);
    for (const node of [nodes[0], nodes[2], nodes[3]] as TestNode[]) {
      expect(statusOf(node, fresh.id)).toBe('ALIVE');
      expect(statusOf(node, old.id)).toBe('DEAD');
    }
  });
});

describe('what never happens', () => {
  it('nobody but the owner raises an incarnation, whatever is lost', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const { network, nodes } = fleet(6, seed);
      network.setLoss(0.3);
      network.run(120_000);
      for (const node of nodes) {
        for (const entry of node.state.entries.values()) {
          const owner = nodes.find((one) => one.id === entry.member.id) as TestNode;
          expect(entry.member.incarnation).toBeLessThanOrEqual(owner.state.self.incarnation);
        }
      }
    }
  });

  it('a process that slept does not blame the others', () => {
    const { network, nodes } = fleet(5, 14);
    network.run(10_000);
    const sleeper = nodes[0] as TestNode;
    sleeper.condition = 'paused';
    network.run(3_000);
    sleeper.condition = 'running';
    network.apply(sleeper, { type: 'pulse', lateMs: 3_000 });
    network.run(30_000);
    expect(sleeper.changes.filter((change) => change.status === 'DEAD')).toEqual([]);
  });

  it('a quiet fleet spreads nothing', () => {
    const { network, nodes } = fleet(8, 15);
    network.run(60_000);
    expect(nodes.map((node) => node.state.rumours.size)).toEqual(new Array(8).fill(0));
  });

  it('the table is bounded: strangers push out the dead, never the living', () => {
    const { network, nodes } = fleet(2, 16);
    network.run(5_000);
    const node = nodes[0] as TestNode;
    for (let i = 0; i < 5_000; i++) {
      const id = i.toString(16).padStart(32, 'f');
      const from = {
        id,
        service: 's',
        url: `http://10.1.0.1:${i + 1}`,
        incarnation: 1,
        status: i % 2 ? 'DEAD' : 'ALIVE',
        routesHash: 'h',
        isSigning: false,
      } as const;
      network.apply(node, { type: 'heard', from, updates: [], isAnswer: false });
    }
    expect(node.state.entries.size).toBeLessThanOrEqual(4_096);
    expect(isPresent(node.state.entries.get((nodes[1] as TestNode).id)?.member as never)).toBe(true);
  });

  it('who has left or died is forgotten in time, also where members exchange their tables and newcomers arrive', () => {
    const { network, nodes } = fleet(3, 17);
    network.run(10_000);
    const leaver = nodes[2] as TestNode;
    network.apply(leaver, { type: 'left', isFinal: true });
    network.run(1_000);
    leaver.condition = 'killed';
    network.run(300_000);
    const newcomer = network.add('late', [(nodes[0] as TestNode).url]);
    network.run(400_000);
    for (const node of [nodes[0], nodes[1], newcomer] as TestNode[]) expect(statusOf(node, leaver.id)).toBeUndefined();
  });

  it('who goes for now is gone at once, and back with the same id', () => {
    const { network, nodes } = fleet(4, 18);
    network.run(10_000);
    const paused = nodes[1] as TestNode;
    network.apply(paused, { type: 'left', isFinal: false });
    paused.condition = 'paused';
    network.run(1_000);
    const others = nodes.filter((node) => node !== paused);
    expect(others.map((node) => statusOf(node, paused.id))).toEqual(['DEAD', 'DEAD', 'DEAD']);
    paused.state.self = { ...paused.state.self, status: 'ALIVE' };
    paused.condition = 'running';
    network.apply(paused, { type: 'pulse', lateMs: 0 });
    network.run(20_000);
    expect(others.map((node) => statusOf(node, paused.id))).toEqual(['ALIVE', 'ALIVE', 'ALIVE']);
  });

  it('an incarnation out of thin air is not believed, neither of others nor of oneself', () => {
    const { network, nodes } = fleet(2, 19);
    network.run(5_000);
    const [node, victim] = nodes as [TestNode, TestNode];
    const forged = { ...victim.state.self, incarnation: 2 ** 47, status: 'DEAD' as const };
    const from = { ...node.state.self, id: 'e'.repeat(32), url: 'http://10.9.9.9:1' };
    network.apply(node, { type: 'heard', from, updates: [forged], isAnswer: false });
    network.apply(victim, { type: 'heard', from, updates: [forged], isAnswer: false });
    expect([statusOf(node, victim.id), victim.state.self.incarnation]).toEqual(['ALIVE', 1]);
  });
});
