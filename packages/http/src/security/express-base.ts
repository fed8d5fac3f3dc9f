import {
  type CorsOptions,
  corsOption,
  functionOption,
  isExpressApp,
  type Option,
  OptionProblem,
  type ResolvedCors,
  resolveOptions,
} from '@express-micro/core';
import type { FormBodyOptions, JsonBodyOptions } from '../bodies/body-options.ts';
import { jsonBody } from '../bodies/json-body.ts';
import { urlencodedBody } from '../bodies/urlencoded-body.ts';
import { httpError, optionInvalid } from '../errors.ts';
import type { Middleware } from '../middleware.ts';
import { quickenApp } from '../quick-app.ts';
import { type CompressionOptions, compressionOption, createCompression, type ResolvedCompression } from './compression.ts';
import { createCors } from './cors.ts';
import { createHelmet, type HelmetOptions, helmetOption } from './helmet.ts';
import { portOf } from './port-of.ts';
import { type TrustProxy, trustProxyOption } from './trust-proxy.ts';

/** What the answers of every framework get. `false`, and nothing else, leaves a part out. */
export interface SecurityOptions {
  /** Sees every request first: `requestLogger(logger)` of `@express-micro/observability`, morgan, … @default none */
  readonly requestLogger?: Middleware | false | undefined;
  /** Options of helmet. @default helmet's */
  readonly helmet?: Readonly<HelmetOptions> | false | undefined;
  readonly cors?: CorsOptions | false | undefined;
  readonly compression?: CompressionOptions | false | undefined;
}

export interface ExpressBaseOptions extends SecurityOptions {
  /** @default { maxBytes: '10mb' } */
  readonly json?: JsonBodyOptions | false | undefined;
  /** @default { maxBytes: '10mb' } */
  readonly urlencoded?: FormBodyOptions | false | undefined;
  /** The proxies before this app: how many, or which. `true` is refused. @default false: the connection's address is the client's */
  readonly trustProxy?: TrustProxy | string | false | undefined;
}

/** An Express app, as far as it is needed here; any version of its types has this. */
export interface BaseApp {
  use(...handlers: never[]): unknown;
  set(setting: string, value: unknown): unknown;
}

interface ResolvedSecurity {
  readonly requestLogger: Middleware | false | undefined;
  readonly helmet: Readonly<HelmetOptions> | false;
  readonly cors: ResolvedCors | false;
  readonly compression: ResolvedCompression | false;
}

const logger = functionOption<Middleware>('false, or a middleware (req, res, next)');
const SECURITY: { readonly [K in keyof ResolvedSecurity]: Option<ResolvedSecurity[K]> } = {
  requestLogger: { ...logger, read: (value) => (value === false ? false : logger.read(value)) },
  helmet: helmetOption,
  cors: corsOption,
  compression: compressionOption,
};

/** The part of a body reads its own options; what is wrong in them is said as a part of these. */
function bodyOption<T>(make: (options: T | undefined) => Middleware): Option<Middleware | false> {
  return {
    takes: 'false, or an object of options',
    fallback: () => make(undefined),
    read: (value) => {
      if (value === false) return false;
      try {
        return make(value as T);
      } catch (error) {
        throw new OptionProblem((error as Error).message.replace(/\.$/, ''));
      }
    },
  };
}

const BASE = {
  ...SECURITY,
  json: bodyOption<JsonBodyOptions>(jsonBody),
  urlencoded: bodyOption<FormBodyOptions>(urlencodedBody),
  trustProxy: trustProxyOption,
};

/**
 * What stands before every route: the log, helmet, CORS, compression, in this order. They use Node's own methods only, so a hook of
 * Fastify runs them too: `addHook('onRequest', (request, reply, done) => run(request.raw, reply.raw, done))`.
 *
 * @throws HTTP_OPTION_INVALID
 */
export function securityMiddleware(options?: SecurityOptions): readonly Middleware[] {
  return listOf(resolveOptions('securityMiddleware()', SECURITY, options, optionInvalid));
}

function listOf({ requestLogger, helmet, cors, compression }: ResolvedSecurity): Middleware[] {
  return [
    requestLogger,
    helmet !== false && createHelmet(helmet),
    cors !== false && createCors(cors),
    compression !== false && createCompression(compression),
  ].filter((middleware) => typeof middleware === 'function');
}

/**
 * The base of an Express app, before its routes: security headers, CORS from `ALLOWED_ORIGINS`, compression, JSON and form
 * bodies up to `10mb`, and the proxies that count. Answers the port to listen at: `PORT`, else 3000.
 *
 * ```ts
 * const { port } = expressBase(app, { trustProxy: 1 });
 * app.use(routes, notFoundHandler(), errorHandler());
 * app.listen(port);
 * ```
 *
 * @throws HTTP_OPTION_INVALID
 */
export function expressBase(app: BaseApp, options?: ExpressBaseOptions): { readonly port: number } {
  if (!isExpressApp(app)) {
    throw httpError('HTTP_OPTION_INVALID', 'expressBase() takes an Express app first: expressBase(express(), { … }).');
  }
  const resolved = resolveOptions('expressBase()', BASE, options, optionInvalid);
  const { json, urlencoded, trustProxy } = resolved;
  const port = portOf();
  quickenApp(app);
  if (trustProxy !== false) (app as BaseApp).set('trust proxy', typeof trustProxy === 'number' ? trustProxy : [...trustProxy]);
  for (const middleware of [...listOf(resolved), json, urlencoded]) {
    if (middleware !== false) (app as BaseApp).use(middleware as never);
  }
  return { port };
}
