import { type Context, systemClock } from '@express-micro/core';
import { createComplaints } from '../complaints.ts';
import type { ObservedRequest, RequestObserver } from '../request/observed-request.ts';
import { isLevelName, LEVELS } from './levels.ts';

export interface LevelHeaderOptions {
  /** Services that may raise the level of a request that they make, as the mesh has verified them. @default none */
  readonly callers?: readonly string[] | undefined;
  /** Who else may: your own check, of a token say. @default nobody */
  readonly allow?: ((req: ObservedRequest['req']) => boolean) | undefined;
}

const HEADER = 'x-log-level';

/** The requests that are told in more detail than the rest, while they are under way. */
export interface RaisedRequests {
  /** Whether there is any: asked before all else, of lines that would not be written. */
  readonly any: boolean;
  /** The rank up to which lines of this request are written. */
  rankOf(context: Context): number;
  readonly observer: RequestObserver;
}

export function createRaisedRequests({ callers = [], allow }: LevelHeaderOptions): RaisedRequests {
  const complain = createComplaints(systemClock);
  const byId = new Map<string, ObservedRequest>();
  /** Decided at the first line that depends on it: who called is known only once the mesh has let the request in. */
  const decided = new WeakMap<ObservedRequest, number>();

  /** One that throws allows nothing: it is asked in the middle of a line of the app. */
  function allows(req: ObservedRequest['req']): boolean {
    try {
      return allow?.(req) === true;
    } catch (error) {
      complain('"levelHeader.allow" threw, and so allowed nothing.', error);
      return false;
    }
  }

  function decide({ req, caller }: ObservedRequest): number {
    const isAllowed = (caller !== undefined && callers.includes(caller.service)) || allows(req);
    const level = req.headers[HEADER];
    return isAllowed && isLevelName(level) ? LEVELS[level] : -1;
  }

  return {
    get any() {
      return byId.size > 0;
    },
    rankOf({ requestId }) {
      const request = byId.get(requestId);
      if (request === undefined) return -1;
      let rank = decided.get(request);
      if (rank === undefined) {
        rank = decide(request);
        decided.set(request, rank);
      }
      return rank;
    },
    observer: {
      name: 'The level of single requests',
      began(request) {
        if (request.req.headers[HEADER] !== undefined) byId.set(request.requestId, request);
      },
      ended(request) {
        if (byId.get(request.requestId) === request) byId.delete(request.requestId);
      },
    },
  };
}
