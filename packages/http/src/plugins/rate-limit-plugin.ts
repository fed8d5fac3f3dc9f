import { resolveOptions } from '@express-micro/core';
import type { AnyMiddleware } from '../composition/step.ts';
import { unless } from '../composition/unless.ts';
import { optionInvalid } from '../errors.ts';
import type { RateLimitOptions } from '../limits/limit-options.ts';
import { type LimitStatus, type RateLimiter, rateLimit } from '../limits/rate-limit.ts';
import type { HttpRequest } from '../middleware.ts';
import { jsonEndpoint } from './json-endpoint.ts';
import { guardOption } from './local-only.ts';
import { definePlugin, type Plugin } from './plugin.ts';

export interface RateLimitPluginOptions extends RateLimitOptions {
  /** Lets through who may read where callers stand. @default requests from this machine, through no proxy */
  readonly guard?: AnyMiddleware | undefined;
}

export interface RateLimitApi {
  status(caller: HttpRequest | string): Promise<LimitStatus>;
  reset(caller: HttpRequest | string): Promise<void>;
}

/**
 * Limits every request to the app, with the options of `rateLimit`. `GET /rate-limit/status` shows where whoever asks stands, and
 * `?caller=203.0.113.7` where somebody else does.
 */
export const rateLimitPlugin: Plugin<RateLimitPluginOptions | undefined, RateLimitApi> = definePlugin<
  RateLimitApi,
  RateLimitPluginOptions | undefined
>({
  create(options = {}, { name }) {
    const { guard: given, ...rest } = options;
    const { guard } = resolveOptions(`plugin "${name}"`, { guard: guardOption }, { guard: given }, optionInvalid);
    const limiter: RateLimiter = rateLimit(rest);
    return {
      api: { status: limiter.status, reset: limiter.reset },
      // Who looks where it stands is not a step further for it.
      global: unless([`/${name}/status`], limiter),
      routes: jsonEndpoint('/status', guard, (req) => limiter.status(callerOf(req) ?? req)),
    };
  },
});

function callerOf(req: HttpRequest): string | undefined {
  const caller = new URLSearchParams((req.url ?? '').split('?')[1] ?? '').get('caller');
  return caller === null || caller === '' || caller.length > 1_000 ? undefined : caller;
}
