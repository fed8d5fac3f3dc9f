import { integerOption, type Option, resolveOptions } from '@express-micro/core';
import { optionInvalid } from '../errors.ts';
import { decideRotation, isAlive, type SessionStore, type StoredSession } from './session-store.ts';

export interface MemorySessionStoreOptions {
  /** Sessions that are kept, some 1 kB each; beyond that those that were not renewed for longest end. @default 100000 */
  readonly maxSessions?: number | undefined;
}

const TABLE: { readonly maxSessions: Option<number> } = {
  maxSessions: integerOption('a whole number', { min: 1, max: 10_000_000 }, () => 100_000),
};

/** In this process: for one instance, and until it restarts. @throws HTTP_OPTION_INVALID */
export function memorySessionStore(given?: MemorySessionStoreOptions): SessionStore {
  const { maxSessions } = resolveOptions('memorySessionStore()', TABLE, given, optionInvalid);
  /** In the order in which they were made or renewed: nearly that in which they expire. */
  const sessions = new Map<string, StoredSession>();
  /** Of each user, in the same order. */
  const byUser = new Map<string, Set<string>>();

  function put(session: StoredSession): void {
    remove(session.id);
    sessions.set(session.id, session);
    const ids = byUser.get(session.userId) ?? new Set();
    byUser.set(session.userId, ids.add(session.id));
  }

  function remove(id: string): void {
    const session = sessions.get(id);
    if (session === undefined) return;
    sessions.delete(id);
    const ids = byUser.get(session.userId);
    ids?.delete(id);
    if (ids?.size === 0) byUser.delete(session.userId);
  }

  /** Those in front have expired first, or make room. */
  function sweep(nowMs: number): void {
    for (const [id, session] of sessions) {
      if (isAlive(session, nowMs) && sessions.size <= maxSessions) return;
      remove(id);
    }
  }

  return Object.freeze({
    async create(session: StoredSession, { maxPerUser, nowMs }: { readonly maxPerUser: number; readonly nowMs: number }) {
      put(session);
      const ids = byUser.get(session.userId) ?? new Set<string>();
      for (const id of ids) {
        if (ids.size <= maxPerUser) break;
        remove(id);
      }
      sweep(nowMs);
    },
    // Nothing is awaited between reading and writing: one step.
    async rotate(rotation: Parameters<SessionStore['rotate']>[0]) {
      const { result, next } = decideRotation(sessions.get(rotation.id), rotation);
      if (next === undefined) remove(rotation.id);
      else if (result.outcome === 'rotated') put(next);
      return result;
    },
    async find(id: string, nowMs: number) {
      const session = sessions.get(id);
      return session !== undefined && isAlive(session, nowMs) ? session : undefined;
    },
    async end(id: string) {
      remove(id);
    },
    async endAllOf(userId: string) {
      const ids = [...(byUser.get(userId) ?? [])];
      for (const id of ids) remove(id);
      return ids.length;
    },
  });
}
