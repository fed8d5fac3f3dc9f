import { constants } from 'node:os';

/** One app that is to leave when the process is told to end. */
export interface Leaver {
  readonly signals: readonly NodeJS.Signals[];
  /** Answers the exit code that this asks for. */
  leave(signal: NodeJS.Signals): Promise<number>;
  /** Ends the process; `undefined` where it is to end by itself. */
  readonly exit: ((code: number) => void) | undefined;
}

/** What the apps of a process have in common: the signals are the process's, and so is its end. */
interface Leaving {
  readonly leavers: Set<Leaver>;
  readonly listeners: Map<NodeJS.Signals, () => void>;
  hasBegun: boolean;
}

/** On the process, under a name that every copy of this package knows: two of them must not end it twice. */
const LEAVING: unique symbol = Symbol.for('express-micro.leaving.1') as never;

/**
 * Has an app leave when the process is told to end. When all apps have left, it ends with the worst of their codes; a second
 * signal ends it at once, as whoever sends it expects. Answers how to take it back.
 */
export function onSignals(leaver: Leaver): () => void {
  const holder = process as { [LEAVING]?: Leaving };
  holder[LEAVING] ??= { leavers: new Set(), listeners: new Map(), hasBegun: false };
  const leaving = holder[LEAVING];
  leaving.leavers.add(leaver);
  for (const signal of leaver.signals) {
    if (leaving.listeners.has(signal)) continue;
    const listener = () => hear(leaving, signal);
    leaving.listeners.set(signal, listener);
    process.on(signal, listener);
  }
  return () => {
    leaving.leavers.delete(leaver);
    if (leaving.leavers.size > 0 || leaving.hasBegun) return;
    // Whoever does not leave through us ends as processes do.
    for (const [signal, listener] of leaving.listeners) process.off(signal, listener);
    leaving.listeners.clear();
  };
}

function hear(leaving: Leaving, signal: NodeJS.Signals): void {
  const leavers = [...leaving.leavers].filter(({ signals }) => signals.includes(signal));
  const exit = leavers.find((leaver) => leaver.exit !== undefined)?.exit;
  if (leaving.hasBegun) {
    (exit ?? process.exit)(128 + (constants.signals[signal] ?? 0));
    return;
  }
  leaving.hasBegun = true;
  void Promise.all(leavers.map((leaver) => leaver.leave(signal))).then((codes) => {
    const code = Math.max(0, ...codes);
    process.exitCode = code;
    exit?.(code);
  });
}
