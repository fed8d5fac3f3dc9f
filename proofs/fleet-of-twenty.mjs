// npm run proof:fleet: the rows of the membership table that need real processes, twenty and fifty of them on this machine.
import { availableParallelism, freemem } from 'node:os';
import { atMost, forComparison, median, notRun, report } from '../bench/report.mjs';
import { progress } from './fleet.mjs';
import { createNetwork, whyNoNetwork } from './network.mjs';
import { createWatchers, middle } from './prove-fleet.mjs';

const SIZE = 20;
const KILLS = [7, 12, 0];
const STALLS = 20;
const STARVED_S = 30;
// As long as each takes to compare its table with somebody, so that none counts twice and none not at all; twice as long from 32 on.
const QUIET_S = 30;
const LARGE_QUIET_S = 60;
const LARGE = 50;
/** What one takes, with room. */
const MEMORY_OF_ONE = 150 * 1_048_576;
const SPLIT_S = 60;
const LOSS_S = 60;
const LOSS_PERCENT = 10;

const fleet = await createWatchers(SIZE);
const rows = [];
try {
  rows.push(
    atMost('20 processes, one seed peer: all see all', (await fleet.joinMs()) / 1_000, 5, 's', 'after the last one listens'),
  );

  progress('quiet cost of 20');
  const twenty = await fleet.quietCost(QUIET_S);
  rows.push(
    atMost(
      'quiet cost, N = 20: bytes out a second and process',
      twenty.bytes / 1_000,
      1.2,
      'kB',
      `over ${QUIET_S} s, heads and all`,
    ),
  );
  rows.push(atMost('the same: CPU of a process', twenty.cpu * 100, 1, '%', ''));

  const kills = [];
  for (const index of KILLS) {
    progress(`kill -9 of process ${index + 1}`);
    kills.push(...(await fleet.killMs(index)));
  }
  rows.push(
    atMost('kill -9 one of 20: a view drops it, median', median(middle(kills)) / 1_000, 1.5, 's', `${kills.length} views`),
  );
  rows.push(atMost('the same, longest', Math.max(...kills) / 1_000, 5, 's', ''));

  progress('SIGSTOP');
  const { gone, back } = await fleet.stopMs(5);
  rows.push(atMost('SIGSTOP one of 20: every view', Math.max(...gone) / 1_000, 12, 's', ''));
  rows.push(atMost('the same, back after SIGCONT', Math.max(...back) / 1_000, 5, 's', ''));

  progress(`SIGSTOP for 3 s, ${STALLS} times`);
  rows.push(atMost('SIGSTOP 3 s, twenty times: falsely dead', await fleet.stalls(STALLS), 0, '', ''));

  progress('a starved process');
  const how = `for ${STARVED_S} s, its own view and all others`;
  rows.push(atMost('one of 20 runs for a tenth of each second: falsely dead', await fleet.starve(STARVED_S), 0, '', how));

  const fifty = 'N = 50: 30 more processes join 20: all see all';
  const isRoom = freemem() > (LARGE - SIZE) * MEMORY_OF_ONE;
  /** @type {{ bytes: number, cpu: number } | undefined} */
  let large;
  if (isRoom) {
    await fleet.add(LARGE - SIZE);
    rows.push(
      atMost(fifty, (await fleet.joinMs()) / 1_000, 10, 's', 'after the last one listens; the target is that of N = 100'),
    );
    progress(`quiet cost of ${LARGE}`);
    large = await fleet.quietCost(LARGE_QUIET_S);
    const cores = `over ${LARGE_QUIET_S} s; ${LARGE} processes on ${availableParallelism()} cores`;
    rows.push(atMost('quiet cost, N = 50: bytes out a second and process', large.bytes / 1_000, 1.2, 'kB', cores));
    rows.push(atMost('the same: CPU of a process', large.cpu * 100, 1, '%', ''));
    progress(`kill -9 of one of ${LARGE}`);
    const times = await fleet.killMs(KILLS[0] ?? 0);
    rows.push(
      atMost('kill -9 one of 50: a view drops it, median', median(middle(times)) / 1_000, 1.5, 's', `${times.length} views`),
    );
    rows.push(atMost('the same, longest', Math.max(...times) / 1_000, 5, 's', ''));
    await fleet.leave(LARGE - SIZE);
  } else
    rows.push(
      notRun(fifty, '≤', 10, 's', `takes ${Math.ceil(((LARGE - SIZE) * MEMORY_OF_ONE) / 1e9)} GB of memory that is free`),
    );

  progress('quiet cost of 10');
  await fleet.leave(SIZE / 2);
  const ten = await fleet.quietCost(QUIET_S);
  rows.push(forComparison('quiet cost, N = 10: bytes out a second and process', ten.bytes / 1_000, 'kB', ''));
  const most = large ?? twenty;
  rows.push(
    atMost(
      `quiet cost N = ${large ? LARGE : SIZE} : N = 10, bytes`,
      most.bytes / ten.bytes,
      1.15,
      '',
      'in virtual time: npm run sim',
    ),
  );
} finally {
  fleet.close();
}
rows.push(...(await rowsOfNetwork()));
report('Proof: fleet', 'npm run proof:fleet', rows);

/** What takes a network that can be cut: twenty processes with an address of their own each. */
async function rowsOfNetwork() {
  const whole = `network split 10/10 for ${SPLIT_S} s: whole again`;
  const dead = `${LOSS_PERCENT} % of all packets lost for ${LOSS_S} s: falsely dead, by node and hour`;
  const why = whyNoNetwork();
  if (why !== undefined) return [notRun(whole, '≤', 20, 's', why), notRun(dead, '≤', 0.2, '', why)];
  const rows = [];
  const network = createNetwork(SIZE);
  try {
    progress('twenty processes in namespaces');
    const apart = await createWatchers(SIZE, network.hosts);
    try {
      await apart.joinMs();
      progress(`the network is cut for ${SPLIT_S} s`);
      const { apartMs, falselyDead, wholeMs } = await apart.split(network, SPLIT_S);
      if (apartMs.length < SIZE)
        throw new Error(`only ${apartMs.length} of ${SIZE} saw the other half dead: was the network cut?`);
      const how = 'each half in its own switch, the cable between them pulled';
      rows.push(
        forComparison(
          'network split 10/10: a view has nobody of the other half, longest',
          Math.max(...apartMs) / 1_000,
          's',
          how,
        ),
      );
      rows.push(
        atMost('the same: falsely dead inside a half', falselyDead, 0, '', 'pairs, by the views of all, five times a second'),
      );
      rows.push(atMost(whole, wholeMs / 1_000, 20, 's', 'every view, and all callable'));
      const by = network.lose(LOSS_PERCENT);
      if (by === undefined) {
        rows.push(
          notRun(
            dead,
            '≤',
            0.2,
            '',
            'the kernel has no netem (CONFIG_NET_SCH_NETEM), and there is no nft: apt-get install nftables',
          ),
        );
      } else {
        progress(`${LOSS_PERCENT} % of all packets are lost for ${LOSS_S} s`);
        const deaths = await apart.watch(LOSS_S);
        network.loseNothing();
        rows.push(atMost(dead, deaths / ((SIZE * LOSS_S) / 3_600), 0.2, '', `${deaths} in ${SIZE} processes, by ${by}`));
      }
    } finally {
      apart.close();
    }
  } finally {
    network.close();
  }
  return rows;
}
