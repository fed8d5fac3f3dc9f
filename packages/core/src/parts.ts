import type { IncomingMessage, ServerResponse } from 'node:http';
import type { CallObserver } from './call-observer.ts';

/** What the mesh lets its siblings know of an app, and do with it. */
export interface MeshPart {
  readonly serviceName: string;
  /** What has happened so far, as numbers that only grow (links: how many are open). */
  counters(): Readonly<Record<string, number>>;
  /** The others that are known. */
  instances(): readonly { readonly id: string; readonly service: string; readonly status: string }[];
  isReady(): boolean;
  /** Verifies who calls, and runs `next` in the context of the request; answers by itself whom it does not let in. */
  front(req: IncomingMessage, res: ServerResponse, next: (error?: unknown) => void): void;
  /** Events of the mesh: `change`, `overload`, `drain`, … Answers how to stop listening. */
  on(event: string, listener: (...args: readonly unknown[]) => void): () => void;
  /** Sees each call from now on. Answers how to stop. */
  observeCalls(observer: CallObserver): () => void;
  /** These paths, with all below them, are served however much there is to do: probes and scrapes. */
  spare(paths: readonly string[]): void;
  /** Leaves as for SIGTERM: the others are told, what is under way ends, the servers close. Calling it again changes nothing. */
  leave(): Promise<void>;
}

export interface ShutdownPart {
  /** What is to be closed when the process ends: after the servers, in the reverse order of registration. Answers how to take it back. */
  register(name: string, close: () => unknown, options?: { readonly timeoutMs?: number | undefined }): () => void;
}

/** The parts that an app can have, each offered by the package that makes it. */
export interface AppParts {
  readonly mesh: MeshPart;
  readonly shutdown: ShutdownPart;
}

type Watcher = (part: unknown) => (() => void) | undefined;

interface Board {
  readonly parts: Map<string, unknown>;
  /** Each with how to undo what it did with the part that is there now. */
  readonly watchers: Map<string, Map<Watcher, (() => void) | undefined>>;
}

/** On the app itself, under a name that every copy of this package knows: so parts meet also where npm installed two. */
const BOARD: unique symbol = Symbol.for('express-micro.parts') as never;

/**
 * Puts a part of an app where its siblings find it, whichever of them comes first. A later one of the same name takes its
 * place. Answers how to withdraw it.
 */
export function offerPart<K extends keyof AppParts>(app: object, name: K, part: AppParts[K]): () => void {
  const { parts, watchers } = boardOf(app);
  const forget = () => {
    parts.delete(name);
    for (const [watcher, undo] of watchers.get(name) ?? []) {
      watchers.get(name)?.set(watcher, undefined);
      undo?.();
    }
  };
  if (parts.has(name)) forget();
  parts.set(name, part);
  for (const watcher of [...(watchers.get(name)?.keys() ?? [])]) watchers.get(name)?.set(watcher, watcher(part));
  return () => {
    if (parts.get(name) === part) forget();
  };
}

/**
 * Calls `onFound` with the part of that name: at once, or when it is offered. What that answers is called when the part goes.
 * Answers how to stop.
 */
export function watchPart<K extends keyof AppParts>(
  app: object,
  name: K,
  onFound: (part: AppParts[K]) => (() => void) | undefined,
): () => void {
  const { parts, watchers } = boardOf(app);
  const watcher: Watcher = (part) => onFound(part as AppParts[K]);
  const ofName = watchers.get(name) ?? new Map<Watcher, (() => void) | undefined>();
  watchers.set(name, ofName);
  ofName.set(watcher, parts.has(name) ? watcher(parts.get(name)) : undefined);
  return () => {
    const undo = ofName.get(watcher);
    ofName.delete(watcher);
    undo?.();
  };
}

/** The part of that name, if it is there now. */
export function partOf<K extends keyof AppParts>(app: object, name: K): AppParts[K] | undefined {
  return boardOf(app).parts.get(name) as AppParts[K] | undefined;
}

function boardOf(app: object): Board {
  const holder = app as { [BOARD]?: Board };
  let board = Object.hasOwn(holder, BOARD) ? holder[BOARD] : undefined;
  if (board === undefined) {
    board = { parts: new Map(), watchers: new Map() };
    Object.defineProperty(holder, BOARD, { value: board });
  }
  return board;
}
