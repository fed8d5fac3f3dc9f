import type { ServerResponse } from 'node:http';
import { type Clock, integerOption, type Option, OptionProblem, resolveOptions, show, systemClock } from '@express-micro/core';
import type { AnyMiddleware } from '../composition/step.ts';
import { unless } from '../composition/unless.ts';
import { optionInvalid } from '../errors.ts';
import type { HttpRequest, Next } from '../middleware.ts';
import { jsonEndpoint } from './json-endpoint.ts';
import { guardOption } from './local-only.ts';
import { definePlugin, type Plugin } from './plugin.ts';

export interface AnalyticsOptions {
  /** Goes with each event. */
  readonly trackingId: string;
  /** Paths that are not recorded, as `unless` takes them: `/health`, `/assets/*`. Its own is none. @default [] */
  readonly excludePaths?: readonly string[] | undefined;
  /** Events that are kept; the oldest go. Raising it takes memory, up to 3 KB each. @default 1000 */
  readonly maxEvents?: number | undefined;
  /** Lets through who may read the events. @default requests from this machine, through no proxy */
  readonly guard?: AnyMiddleware | undefined;
}

export interface AnalyticsEvent {
  readonly trackingId: string;
  /** `request`, or what `track` was called with. */
  readonly name: string;
  readonly timestamp: string;
  /** Of a request: `method`, `path` without the query, `status`, `durationMs`. */
  readonly data: Readonly<Record<string, unknown>>;
}

export interface Analytics {
  readonly trackingId: string;
  /** Records something that happened. @throws HTTP_OPTION_INVALID for data that JSON cannot write, or of more than 2 KB */
  track(name: string, data?: Readonly<Record<string, unknown>>): void;
  /** The last ones, the oldest first. */
  events(): readonly AnalyticsEvent[];
}

const MAX_TEXT = 256;
const MAX_DATA = 2_048;

const TRACKING_ID: Option<string> = {
  takes: 'a text of 1 to 64 characters',
  fallback: () => {
    throw new OptionProblem('there is none');
  },
  read: (value) => {
    if (typeof value !== 'string' || value === '' || value.length > 64) throw new OptionProblem();
    return value;
  },
};

const EXCLUDE_PATHS: Option<readonly string[]> = {
  takes: 'a list of paths that begin with "/"',
  fallback: () => [],
  read: (value) => {
    if (!Array.isArray(value) || value.some((path) => typeof path !== 'string' || !path.startsWith('/')))
      throw new OptionProblem();
    return Object.freeze([...value]);
  },
};

const TABLE = {
  trackingId: TRACKING_ID,
  excludePaths: EXCLUDE_PATHS,
  maxEvents: integerOption('events', { min: 1, max: 1_000_000 }, () => 1_000),
  guard: guardOption,
};

/** Records requests, and what else is worth it; `GET /analytics/events` shows the last of them. */
export const analyticsPlugin: Plugin<AnalyticsOptions, Analytics> = analytics(systemClock);

function analytics(clock: Clock): Plugin<AnalyticsOptions, Analytics> {
  return definePlugin<Analytics, AnalyticsOptions>({
    create(options, { name: plugin }) {
      const { trackingId, excludePaths, maxEvents, guard } = resolveOptions(`plugin "${plugin}"`, TABLE, options, optionInvalid);
      const kept: AnalyticsEvent[] = [];
      let oldest = 0;

      function record(name: string, data: Readonly<Record<string, unknown>>): void {
        const timestamp = new Date(clock.epochMs()).toISOString();
        const event = Object.freeze({ trackingId, name, timestamp, data: Object.freeze(data) });
        if (kept.length < maxEvents) kept.push(event);
        else {
          kept[oldest] = event;
          oldest = (oldest + 1) % maxEvents;
        }
      }

      function watch(req: HttpRequest, res: ServerResponse, next: Next): void {
        const startMs = clock.monotonicMs();
        const path = (req.originalUrl ?? req.url ?? '').replace(/[?#].*$/s, '').slice(0, MAX_TEXT);
        res.once('close', () => {
          const status = res.writableFinished ? res.statusCode : 499;
          record('request', { method: req.method, path, status, durationMs: Math.round(clock.monotonicMs() - startMs) });
        });
        next();
      }

      const events = () => [...kept.slice(oldest), ...kept.slice(0, oldest)];
      const own = `/${plugin}`;
      return {
        api: { trackingId, track: (name, data = {}) => record(nameOf(name), dataOf(data)), events },
        global: unless([own, `${own}/*`, ...excludePaths], watch),
        routes: jsonEndpoint('/events', guard, () => ({ trackingId, events: events() })),
      };
    },
  });
}

function nameOf(name: unknown): string {
  if (typeof name !== 'string' || name === '' || name.length > MAX_TEXT) {
    throw optionInvalid(`track() got ${show(name)} as a name; it takes a text of 1 to ${MAX_TEXT} characters.`);
  }
  return name;
}

/** A copy: what the caller does with its object later changes no event. */
function dataOf(data: unknown): Record<string, unknown> {
  let text: string | undefined;
  try {
    text = JSON.stringify(data);
  } catch {
    // Told below.
  }
  const copy: unknown = text === undefined || text.length > MAX_DATA ? undefined : JSON.parse(text);
  if (typeof copy === 'object' && copy !== null && !Array.isArray(copy)) return copy as Record<string, unknown>;
  throw optionInvalid(`track() got ${show(data)} as data; it takes an object that is up to ${MAX_DATA} characters of JSON.`);
}
