// #region fleet
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { simulate } from '@express-micro/mesh/testing';

test('a death is known to all within fifteen seconds, though a fifth of all messages is lost', () => {
  const fleet = simulate(42, { pingIntervalMs: 2_000 });
  const first = fleet.start();
  const others = Array.from({ length: 9 }, () => fleet.start([first]));
  assert.ok(fleet.run(30_000, () => fleet.disagreements().length === 0));

  const [victim] = others;
  fleet.weather({ loss: 0.2, duplication: 0.05, delayMs: [1, 200] });
  fleet.crash(victim, 'vanishes');
  const isKnown = () => [first, ...others.slice(1)].every((process) => process.sees()[victim.name] === 'DEAD');
  assert.ok(fleet.run(15_000, isKnown), fleet.timeline.join('\n'));
});
// #endregion
