// npm run proof:fleet: the rows of the membership table that need real processes, twenty of them on this machine.
import { atMost, forComparison, median, report } from '../bench/report.mjs';
import { progress } from './fleet.mjs';
import { createWatchers, middle } from './prove-fleet.mjs';

const SIZE = 20;
const KILLS = [7, 12, 0];
const STALLS = 20;
const STARVED_S = 30;
const QUIET_S = 40;

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

  progress('quiet cost of 10');
  await fleet.leave(SIZE / 2);
  const ten = await fleet.quietCost(QUIET_S);
  rows.push(forComparison('quiet cost, N = 10: bytes out a second and process', ten.bytes / 1_000, 'kB', ''));
  rows.push(atMost('quiet cost N = 20 : N = 10, bytes', twenty.bytes / ten.bytes, 1.15, '', 'for 50 : 10 see npm run sim'));
} finally {
  fleet.close();
}
report('Proof: fleet', 'npm run proof:fleet', rows);
