import { isMainThread } from 'node:worker_threads';

/** Signals that end a process by themselves, without `exit`. */
const DEADLY: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGINT', 'SIGHUP'];

export interface Ending {
  /** Writes what is held. */
  readonly flush: () => void;
  /** The same, and from then on nothing is held any more. */
  readonly hurry: () => void;
  /** Told of an error that ends the process, before it does. */
  readonly crashed: (error: unknown, origin: string) => void;
}

const endings = new Set<Ending>();

/** All that holds lines writes them before the process ends, whichever way that is. Answers how to take it back. */
export function atExit(ending: Ending): () => void {
  if (endings.size === 0) listen();
  endings.add(ending);
  return () => {
    endings.delete(ending);
    if (endings.size === 0) unlisten();
  };
}

function flushAll(): void {
  for (const { flush } of endings) flush();
}

function hurryAll(): void {
  for (const { hurry } of endings) hurry();
}

/** Node goes on to end the process as it would have: this only looks. */
function onCrash(error: unknown, origin: string): void {
  for (const { crashed } of endings) crashed(error, origin);
  flushAll();
}

/**
 * A listener keeps Node from ending the process; where nobody else has one, that is what the sender of the signal wants.
 * The same is done by signal-exit, which ends the process only where it is alone: without us it is.
 */
function onSignal(signal: NodeJS.Signals): void {
  hurryAll();
  if (process.listenerCount(signal) > 1 + signalExitListeners()) return;
  process.off(signal, onSignal);
  process.kill(process.pid, signal);
}

/** https://github.com/tapjs/signal-exit: version 4 and 3 say on the process that they listen. */
function signalExitListeners(): number {
  const { [Symbol.for('signal-exit emitter')]: v4, __signal_exit_emitter__: v3 } = process as unknown as Record<
    string | symbol,
    { count?: number } | undefined
  >;
  return (v4?.count ?? 0) + (v3?.count ?? 0);
}

function listen(): void {
  process.on('exit', hurryAll);
  process.on('beforeExit', flushAll);
  process.on('uncaughtExceptionMonitor', onCrash);
  if (isMainThread) for (const signal of DEADLY) process.on(signal, onSignal);
}

function unlisten(): void {
  process.off('exit', hurryAll);
  process.off('beforeExit', flushAll);
  process.off('uncaughtExceptionMonitor', onCrash);
  for (const signal of DEADLY) process.off(signal, onSignal);
}
