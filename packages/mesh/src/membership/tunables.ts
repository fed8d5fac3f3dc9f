/**
 * Every number of the protocol in one table. Durations are milliseconds; all but the memory of the gone scale with
 * `pingInterval`, the one number that users set, through the tick, which is a fifth of it.
 */
export interface MembershipTunables {
  /**
   * Beat of the protocol: deadlines are looked at and news is spread on each. `tick / 5`.
   * Raising it delays news and verdicts; lowering it wakes the process more often.
   */
  readonly pulseMs: number;
  /**
   * Between two probes. `pingInterval / 5`.
   * Raising it finds failures later; lowering it costs two messages a second more for each probe, in every process.
   */
  readonly tickMs: number;
  /**
   * How long a direct probe may take before others are asked, and these in turn. `tick / 2`, no less than 100 ms; times 1 + local health.
   * Raising it delays every verdict; lowering it asks others about peers that are merely slow.
   */
  readonly probeTimeoutMs: number;
  /**
   * How long an answer is waited for, also where it decides nothing any more: it still refutes, and still brings news. `4 ticks`, no less than 1 s.
   * Raising it holds more open questions to hung peers; lowering it throws away answers of slow ones.
   */
  readonly messageTimeoutMs: number;
  /**
   * Part of its time after which somebody who was asked to help says that he has no answer yet. `0.8`.
   * Raising it leaves that word too little time to come back; lowering it leaves the probe too little time to succeed.
   */
  readonly nackAfter: number;
  /**
   * Probes under way at once; doubts beyond it wait for the round robin. `32`.
   * Raising it opens more sockets in the moment in which many crash; lowering it finds them one after another.
   */
  readonly maxRounds: number;
  /** Members asked to help when a probe fails. Raising it costs messages on each failure; lowering it lets single bad paths suspect more. */
  readonly helpers: number;
  /**
   * Shortest time that a suspect has to refute, for a fleet of ten: `4 ticks`, times max(1, log10 N).
   * Raising it delays the news of a hung process; lowering it kills those that stall for seconds.
   */
  readonly suspicionMinMs: number;
  /**
   * How many times the shortest time it has while nobody else suspects it. `6`.
   * Raising it protects against a single accuser with a bad view; lowering it finds failures that few can see sooner.
   */
  readonly suspicionMaxFactor: number;
  /** Others who suspect it too, until the shortest time holds. Raising it wants more proof; lowering it trusts single views. */
  readonly confirmers: number;
  /**
   * A beat that comes so late, or later, says that this process is short of CPU. `tick / 5`, no less than 200 ms.
   * Raising it lets a starved process judge others; lowering it slows probing down on every hiccup.
   */
  readonly lagMs: number;
  /** How long after such a beat successes do not count as recovery. `10 ticks`. Raising it recovers later; lowering it forgets a starving spell too soon. */
  readonly lagMemoryMs: number;
  /** Worst local health: probes are then so many times slower, plus one. `8`. Raising it all but stops a sick process from probing; lowering it lets it accuse. */
  readonly maxLocalHealth: number;
  /** Updates that ride on one message. `8`. Raising it makes messages longer while there is news; lowering it spreads bursts of news slower. */
  readonly updatesPerMessage: number;
  /** Peers to which news is pushed on each pulse while there is some. `3`. Raising it costs messages in proportion; lowering it spreads slower. */
  readonly fanout: number;
  /**
   * How often each update is told: this, times ⌈log10(N + 1)⌉. `4`.
   * Raising it costs messages on each change; lowering it leaves more members to find out by comparing tables.
   */
  readonly retransmitFactor: number;
  /** How long tables may differ before they are compared, and the least time between two such comparisons. `5 ticks`. Raising it heals losses later; lowering it compares tables while news is still on its way. */
  readonly differMs: number;
  /** The same where no news explains it, because this process has none, or more than it can tell soon. `1 tick`. Costs as above. */
  readonly differSoonMs: number;
  /**
   * Tables are compared with one random peer this often, whatever the hashes say: `6 × pingInterval`, times 1 + ⌈log2(N / 32)⌉ in fleets above 32.
   * Raising it leaves to the hashes alone what they find; lowering it costs a list of the fleet each time.
   */
  readonly syncMs: number;
  /** Entries of a table that are compared in one message. `1000`, 40 kB. Raising it meets the limit of a message; lowering it compares large tables in more pieces. */
  readonly digestsPerMessage: number;
  /** Whole records in one answer. `200`, 50 kB. Raising it makes long answers; lowering it takes more of them to join. */
  readonly recordsPerMessage: number;
  /** … and in one question, which may have 64 KiB. `64`: with the longest names and addresses a record has 850 bytes. Raising it meets that limit; lowering it takes more messages. */
  readonly recordsPerQuestion: number;
  /** A seed peer is retried this often at most while nobody else is known. `2 × pingInterval`. Raising it finds late starters later; lowering it knocks at closed doors. */
  readonly seedLonelyMs: number;
  /** … and this often otherwise. `6 × pingInterval`. Raising it joins fleets that were split by their start later; lowering it costs messages for ever. */
  readonly seedKnownMs: number;
  /** One of the dead is tried again this often. `3 × pingInterval`. Raising it heals splits later; lowering it knocks at closed doors. */
  readonly reviveMs: number;
  /** How long who left is remembered, so that old news cannot bring him back. `10 min`. Raising it costs memory; lowering it below the age of the oldest news brings ghosts. */
  readonly leftMemoryMs: number;
  /** How long the dead are remembered, to be tried again. `24 h`. Raising it costs memory and tries; lowering it forgets who is away for the night. */
  readonly deadMemoryMs: number;
  /** How long a death is part of what tables compare; afterwards each finds out by its own probes. `60 ticks`. Raising it lengthens every comparison after restarts; lowering it spreads deaths less surely. */
  readonly deadComparedMs: number;
  /** Members remembered, the dead included. `4096`. Raising it costs memory, 1 kB each; lowering it limits the fleet. */
  readonly maxMembers: number;
  /**
   * Part of the fleet that may fall silent within one suspicion before it is taken for our own isolation. `0.3`, and no fewer than `preserveAtLeast`.
   * Raising it gives up more of a fleet behind a broken switch; lowering it keeps callers asking for processes that are gone.
   */
  readonly preserveAbove: number;
  readonly preserveAtLeast: number;
  /** How long those are kept callable, after all others. `60 × pingInterval`. Raising it keeps callers asking for a host that never returns; lowering it gives up before a switch has restarted. */
  readonly preserveMs: number;
}

export function membershipTunables(pingIntervalMs: number): MembershipTunables {
  const tickMs = pingIntervalMs / 5;
  return Object.freeze({
    pulseMs: tickMs / 5,
    tickMs,
    probeTimeoutMs: Math.max(100, tickMs / 2),
    messageTimeoutMs: Math.max(1_000, 4 * tickMs),
    nackAfter: 0.8,
    maxRounds: 32,
    helpers: 3,
    suspicionMinMs: 4 * tickMs,
    suspicionMaxFactor: 6,
    confirmers: 2,
    lagMs: Math.max(200, tickMs / 5),
    lagMemoryMs: 10 * tickMs,
    maxLocalHealth: 8,
    updatesPerMessage: 8,
    fanout: 3,
    retransmitFactor: 4,
    differMs: 5 * tickMs,
    differSoonMs: tickMs,
    syncMs: 6 * pingIntervalMs,
    digestsPerMessage: 1_000,
    recordsPerMessage: 200,
    recordsPerQuestion: 64,
    seedLonelyMs: 2 * pingIntervalMs,
    seedKnownMs: 6 * pingIntervalMs,
    reviveMs: 3 * pingIntervalMs,
    leftMemoryMs: 600_000,
    deadMemoryMs: 86_400_000,
    deadComparedMs: 60 * tickMs,
    maxMembers: 4_096,
    preserveAbove: 0.3,
    preserveAtLeast: 3,
    preserveMs: 60 * pingIntervalMs,
  });
}
