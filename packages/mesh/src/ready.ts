import { type Clock, show } from '@express-micro/core';
import { type Directory, isCallable } from './directory/directory.ts';
import { meshError } from './errors.ts';
import type { MeshNews } from './mesh-events.ts';
import type { MemberSource } from './sources/source.ts';

export interface ReadyOptions {
  /** Services to wait for, in any spelling. @default the services at the given peers */
  readonly services?: readonly string[] | undefined;
  /** @default 30000 */
  readonly timeoutMs?: number | undefined;
}

export interface ReadySurroundings {
  readonly clock: Clock;
  readonly news: MeshNews;
  readonly directory: Directory;
  readonly peers: readonly string[];
  readonly source: () => MemberSource | undefined;
  readonly isClosed: () => boolean;
}

const DEFAULT_TIMEOUT_MS = 30_000;
/** How long a port may stay unknown: an app listens at once, or is not matched at all. */
export const PORT_PATIENCE_MS = 5_000;
/** Peers answer without an event of ours, so they are looked at in this rhythm. */
const LOOK_MS = 50;

export const PORT_ADVICE =
  'The port of this app is not known. Give the option "port", call app.set("port", …), or hand the server over with attach(server).';

/**
 * Resolves when the app has joined and the services named, or else all peers given, are known and callable.
 *
 * @throws MESH_PORT_UNKNOWN, MESH_NOT_READY, MESH_CLOSED, MESH_OPTION_INVALID
 */
export async function waitUntilReady(given: ReadyOptions | undefined, surroundings: ReadySurroundings): Promise<void> {
  const { clock, news } = surroundings;
  const options = checkOptions(given);
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const endsAtMs = clock.monotonicMs() + timeoutMs;
  const portEndsAtMs = clock.monotonicMs() + Math.min(timeoutMs, PORT_PATIENCE_MS);

  /** `true` when all is there, an error when it will not be, nothing while there is hope. */
  function look(): true | Error | undefined {
    const missing = whatIsMissing(options, surroundings);
    const now = clock.monotonicMs();
    if (missing === undefined) return true;
    if (surroundings.isClosed()) return meshError('MESH_CLOSED', 'ready() ended because close() was called.');
    if (surroundings.source() === undefined && now >= portEndsAtMs) return meshError('MESH_PORT_UNKNOWN', PORT_ADVICE);
    if (now < endsAtMs) return undefined;
    return meshError('MESH_NOT_READY', `Not ready after ${timeoutMs} ms: ${missing}.`, { details: { timeoutMs } });
  }

  await new Promise<void>((resolve, reject) => {
    const onLook = (): void => {
      let seen: ReturnType<typeof look>;
      try {
        seen = look();
      } catch (error) {
        seen = error as Error;
      }
      if (seen === undefined) return;
      rhythm.stop();
      stopListening();
      if (seen === true) resolve();
      else reject(seen);
    };
    // Unlike most timers this one keeps the process alive: somebody awaits it.
    const rhythm = clock.every(LOOK_MS, onLook, { keepsAlive: true });
    const stopListening = news.on('change', onLook);
    onLook();
  });
}

function checkOptions(options: ReadyOptions | undefined): ReadyOptions {
  const unknown = Object.keys(options ?? {}).find((name) => name !== 'services' && name !== 'timeoutMs');
  if (unknown !== undefined)
    throw meshError('MESH_OPTION_INVALID', `Unknown option "${unknown}" of ready(). The options are: services, timeoutMs.`);
  const { services, timeoutMs } = options ?? {};
  const areNames = services === undefined || (Array.isArray(services) && services.every((name) => typeof name === 'string'));
  if (!areNames) throw meshError('MESH_OPTION_INVALID', `ready() got services ${show(services)}; it takes a list of names.`);
  if (timeoutMs !== undefined && !(typeof timeoutMs === 'number' && timeoutMs > 0)) {
    throw meshError('MESH_OPTION_INVALID', `ready() got timeoutMs ${show(timeoutMs)}; it takes milliseconds above 0.`);
  }
  return options ?? {};
}

function whatIsMissing({ services }: ReadyOptions, { directory, source, peers }: ReadySurroundings): string | undefined {
  const current = source();
  if (current === undefined) return 'this app does not listen yet';
  if (services !== undefined) {
    const absent = services.filter((name) => ![...(directory.find(name)?.instances.values() ?? [])].some(isCallable));
    return absent.length === 0 ? undefined : `nobody is known as ${absent.map((name) => `"${name}"`).join(' or ')}`;
  }
  const missing = current.missing?.();
  if (missing !== undefined) return missing;
  const silent = current.silentSeeds();
  if (silent.length > 0)
    return `no proven answer from ${silent.join(', ')} of the ${peers.length} peers given (not running, another key, or not a member)`;
  const unknown = current.seedOwners().filter((id) => directory.instance(id)?.isProven !== true);
  return unknown.length === 0 ? undefined : 'still asking those who are there for their routes';
}
