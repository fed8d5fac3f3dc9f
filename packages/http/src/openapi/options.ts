import { consoleLog, type Log, type Option, OptionProblem, resolveOptions, show } from '@express-micro/core';
import type { Routes } from '../contracts/route.ts';
import { checkRoutes } from '../contracts/routes.ts';
import { optionInvalid } from '../errors.ts';
import type { SecurityScheme } from '../security-mark.ts';
import type { OpenApiInfo, OpenApiServer, OpenApiTag, SecurityRequirement } from './document.ts';
import { isMounted, type MountedRoutes } from './documented-routes.ts';
import { toTemplate } from './path-template.ts';
import type { PlainRoute } from './plain-route.ts';

export interface OpenApiOptions {
  /** What the API is called, and which version of it this is: `{ title: 'Orders', version: '1.0.0' }`. */
  readonly info: OpenApiInfo;
  /**
   * What `routes()` gave, once or in a list; where they are mounted under a path, as `{ prefix: '/api', routes: orderRoutes }`.
   * @default []
   */
  readonly routes?: Routes | readonly (Routes | MountedRoutes)[] | undefined;
  /**
   * Routes that are no contracts, or a function that answers them: `() => micro.routes()`, `[{ method: 'GET', path: '/orders/:id' }]`. Where a
   * contract is the same route, the contract speaks.
   * @default []
   */
  readonly plainRoutes?: readonly PlainRoute[] | (() => readonly PlainRoute[]) | undefined;
  /** Where it is served: `[{ url: 'https://api.example.com' }]`. @default the root of the host that serves the document */
  readonly servers?: readonly OpenApiServer[] | undefined;
  /** What the tags of contracts mean, in the order in which they are shown. @default [] */
  readonly tags?: readonly OpenApiTag[] | undefined;
  /** What operations ask for whose guards do not say it themselves: `[{ bearer: [] }]`. @default nothing */
  readonly security?: readonly SecurityRequirement[] | undefined;
  /** Beside those that guards bring: `{ bearer: { type: 'http', scheme: 'bearer' } }`. @default {} */
  readonly securitySchemes?: Readonly<Record<string, SecurityScheme>> | undefined;
  /** Is told, once each, what could not be described. @default consoleLog: standard error */
  readonly log?: Pick<Log, 'warn'> | undefined;
}

export interface ResolvedOpenApiOptions {
  readonly info: OpenApiInfo;
  readonly routes: readonly (Routes | MountedRoutes)[];
  readonly plainRoutes: () => readonly PlainRoute[];
  readonly servers: readonly OpenApiServer[];
  readonly tags: readonly OpenApiTag[];
  readonly security: readonly SecurityRequirement[];
  readonly securitySchemes: Readonly<Record<string, SecurityScheme>>;
  readonly log: Pick<Log, 'warn'>;
}

const info: Option<OpenApiInfo> = {
  takes: 'an object with a title and a version, both texts',
  fallback() {
    throw new OptionProblem('it is needed');
  },
  read(value) {
    const { title, version } = objectIn(value);
    if (!isText(title)) throw new OptionProblem('the title');
    if (!isText(version)) throw new OptionProblem('the version');
    return value as OpenApiInfo;
  },
};

const routes: Option<ResolvedOpenApiOptions['routes']> = {
  takes: 'what routes() gave, or a list of that and of { prefix, routes }',
  fallback: () => [],
  read(value) {
    const tables = Array.isArray(value) ? value : [value];
    for (const table of tables) {
      if (typeof table !== 'object' || table === null) throw new OptionProblem();
      const given = table as Routes | MountedRoutes;
      if (isMounted(given) && toTemplate(given.prefix) === undefined) throw new OptionProblem(`the prefix "${given.prefix}"`);
      checkRoutes(isMounted(given) ? given.routes : given, '"routes" of openApi()');
    }
    return tables;
  },
};

const plainRoutes: Option<ResolvedOpenApiOptions['plainRoutes']> = {
  takes: 'a list of { method, path }, or a function that answers one',
  fallback: () => () => [],
  read(value) {
    if (typeof value === 'function') return () => checkedPlain(value());
    if (!Array.isArray(value)) throw new OptionProblem();
    return () => checkedPlain(value);
  },
};

/** Each time that it is asked: what a function answers, and what a list holds, changes. */
function checkedPlain(list: unknown): readonly PlainRoute[] {
  const isList = Array.isArray(list) && list.every((each) => isText((each as Partial<PlainRoute> | null)?.method));
  if (!isList) throw optionInvalid(`"plainRoutes" of openApi() takes a list of { method, path }; it got ${show(list)}.`);
  return list;
}

const securitySchemes: Option<Readonly<Record<string, SecurityScheme>>> = {
  takes: 'an object of security schemes by name',
  fallback: () => ({}),
  read(value) {
    for (const [name, scheme] of Object.entries(objectIn(value))) {
      if (!/^[A-Za-z0-9._-]+$/.test(name) || !isText(objectIn(scheme).type)) throw new OptionProblem(`"${name}"`);
    }
    return value as Readonly<Record<string, SecurityScheme>>;
  },
};

const log: Option<Pick<Log, 'warn'>> = {
  takes: 'an object with a method warn',
  fallback: () => consoleLog,
  read(value) {
    if (typeof (value as Partial<Log> | null)?.warn !== 'function') throw new OptionProblem();
    return value as Pick<Log, 'warn'>;
  },
};

export const OPEN_API_OPTIONS: { readonly [K in keyof ResolvedOpenApiOptions]: Option<ResolvedOpenApiOptions[K]> } =
  Object.freeze({
    info,
    routes,
    plainRoutes,
    servers: listOf<OpenApiServer>('a list of { url }', ({ url }) => isText(url)),
    tags: listOf<OpenApiTag>('a list of { name }', ({ name }) => isText(name)),
    security: listOf<SecurityRequirement>('a list of objects of lists, such as [{ bearer: [] }]', (one) =>
      Object.values(one).every(Array.isArray),
    ),
    securitySchemes,
    log,
  });

/** @throws HTTP_OPTION_INVALID */
export function resolveOpenApiOptions(options: OpenApiOptions): ResolvedOpenApiOptions {
  return resolveOptions('openApi()', OPEN_API_OPTIONS, options, optionInvalid);
}

function listOf<T extends object>(
  takes: string,
  isRight: (one: Readonly<Record<string, unknown>>) => boolean,
): Option<readonly T[]> {
  return {
    takes,
    fallback: () => [],
    read(value) {
      if (!Array.isArray(value)) throw new OptionProblem();
      for (const one of value) if (!isRight(objectIn(one))) throw new OptionProblem();
      return value;
    },
  };
}

function objectIn(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new OptionProblem();
  return value as Readonly<Record<string, unknown>>;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
