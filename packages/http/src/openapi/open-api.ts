import type { SecurityScheme } from '../security-mark.ts';
import type { Schema } from '../validation/schema.ts';
import { type Components, createComponents } from './components.ts';
import type { OpenApiDocument, Operation, Verb } from './document.ts';
import { type DocumentedRoute, documentedRoutes } from './documented-routes.ts';
import { createErrorBodies } from './error-bodies.ts';
import { describeOperation } from './operation.ts';
import { type OpenApiOptions, type ResolvedOpenApiOptions, resolveOpenApiOptions } from './options.ts';
import { type PathTemplate, patternOf } from './path-template.ts';

/**
 * The OpenAPI 3.1 document of an API, as a plain object:
 *
 * ```ts
 * const document = openApi({ info: { title: 'Orders', version: '1.0.0' }, routes: orderRoutes });
 * ```
 *
 * What contracts say is in it: parameters, bodies, answers, declared errors, the errors of validation and of guards. Schemas of any library that
 * speaks Standard JSON Schema are described (Zod 4.2+, ArkType 2.1.28+; Valibot with `@valibot/to-json-schema`). One that cannot be is `{}` with
 * a word about it, and a warning.
 *
 * @throws HTTP_OPTION_INVALID, HTTP_CONTRACT_INVALID
 */
export function openApi(options: OpenApiOptions): OpenApiDocument {
  return buildDocument(resolveOpenApiOptions(options));
}

/** Schemas that have been warned of. */
const warnedOf = new WeakSet<Schema>();

export function buildDocument(options: ResolvedOpenApiOptions): OpenApiDocument {
  const { info, servers, tags, security, log } = options;
  const components = createComponents((schema, message) => {
    if (!warnedOf.has(schema)) log.warn(message);
    warnedOf.add(schema);
  });
  const bodies = createErrorBodies(components);
  const routes = documentedRoutes(options.routes, options.plainRoutes(), (message) => log.warn(message));
  nameAnswersFirst(routes, components);

  const ids = createIds();
  const paths = new Map<string, { readonly template: PathTemplate; readonly item: Partial<Record<Verb, Operation>> }>();
  const schemes: Record<string, SecurityScheme> = {};
  for (const route of routes) {
    const pattern = patternOf(route.template);
    const path = paths.get(pattern) ?? { template: route.template, item: {} };
    paths.set(pattern, path);
    const { operation, guards } = describeOperation(route, ids(route.name), path.template, components, bodies);
    path.item[route.verb] = operation;
    Object.assign(schemes, guards.schemes);
  }

  const document: OpenApiDocument = {
    openapi: '3.1.1',
    info,
    ...(servers.length > 0 && { servers }),
    ...(tags.length > 0 && { tags }),
    ...(security.length > 0 && { security }),
    paths: Object.fromEntries([...paths.values()].map(({ template, item }) => [template.path, item])),
    components: {
      schemas: components.all(),
      responses: bodies.responses(),
      securitySchemes: { ...schemes, ...options.securitySchemes },
    },
  };
  // A copy: nobody's schemas or options are changed through it, and `undefined` is not in JSON.
  return JSON.parse(JSON.stringify(document)) as OpenApiDocument;
}

/** Where what a schema takes and what it gives differ, the name belongs to what it gives: that is what clients keep. */
function nameAnswersFirst(routes: readonly DocumentedRoute[], components: Components): void {
  for (const { said, name } of routes) {
    if (said.response !== undefined) components.place(said.response, 'output', `${capitalised(name)}Response`).whole();
    for (const { data } of Object.values(said.errors ?? {})) {
      if (data !== undefined) components.place(data, 'output', `${capitalised(name)}Error`).whole();
    }
  }
}

function capitalised(name = 'anonymous'): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}

/** Ids of operations are their own: a route of every method, or at two places, has one for each. */
function createIds(): (name: string | undefined) => string | undefined {
  const taken = new Set<string>();
  return (name) => {
    if (name === undefined) return undefined;
    let id = name;
    for (let count = 2; taken.has(id); count++) id = `${name}${count}`;
    taken.add(id);
    return id;
  };
}
