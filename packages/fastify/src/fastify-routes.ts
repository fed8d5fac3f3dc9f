import { subscribe } from 'node:diagnostics_channel';
import { declaredBy, routeNameOf } from '@express-micro/core';
import { atMostListed, meshError, type RouteDescriptor } from '@express-micro/mesh';
import type { FastifyInstance, RouteOptions } from './fastify.ts';
import { inOrderOfMeeting } from './fastify-order.ts';
import { readPath } from './fastify-path.ts';

/** Fastify says here that an app was made, before anything can be declared on it. */
const CHANNEL = 'fastify.initialization';

/** A route as it was declared. */
interface Declared {
  readonly methods: readonly string[];
  readonly url: string;
  readonly handler: unknown;
  readonly names: Pick<RouteDescriptor, 'contract' | 'declares' | 'handler'>;
  readonly isForHost: boolean;
}

type DeclaredRoute = RouteOptions & { readonly url: string };

/** On the app itself, under a name that every copy of this package knows: the first one looks for all. */
const ROUTES: unique symbol = Symbol.for('express-micro.fastify-routes.1') as never;
type WithRoutes = FastifyInstance & { [ROUTES]?: Declared[] };

// From the moment of import: Fastify tells of a route as it is declared, and never again, and a plugin that is registered
// without `await` runs after the routes that stand below it.
subscribe(CHANNEL, (message) => void collect((message as { fastify: FastifyInstance }).fastify));

/**
 * Reads the routes of a Fastify app: those of all its contexts, declared before or after.
 *
 * @throws MESH_OPTION_INVALID where routes were declared that nobody can know of any more
 */
export function createRouteReader(app: FastifyInstance): () => readonly RouteDescriptor[] {
  if (!Object.hasOwn(app, ROUTES) && app.printRoutes() !== EMPTY)
    throw meshError(
      'MESH_OPTION_INVALID',
      'This app was made, and routes were declared on it, before @express-micro/fastify was loaded: it cannot know them. Import it above the line that calls Fastify().',
    );
  const declared = collect(app);
  let described = 0;
  let descriptors: readonly RouteDescriptor[] = [];
  return () => {
    if (described !== declared.length) {
      described = declared.length;
      descriptors = atMostListed(inOrderOfMeeting(withoutOwnHeads(declared).flatMap(describe)));
    }
    return descriptors;
  };
}

/** What `printRoutes()` gives where there are none. */
const EMPTY = '(empty tree)';

function collect(app: WithRoutes): readonly Declared[] {
  const known = app[ROUTES];
  if (known !== undefined) return known;
  const declared: Declared[] = [];
  Object.defineProperty(app, ROUTES, { value: declared });
  app.addHook('onRoute', (route) => {
    if (!isOfPlugin(route as DeclaredRoute)) declared.push(read(route as DeclaredRoute, app));
  });
  return declared;
}

/** What answers browsers for the whole app, as `@fastify/cors` declares it, is no function of it. */
function isOfPlugin({ method, schema }: DeclaredRoute): boolean {
  return method === 'OPTIONS' && (schema as { hide?: unknown } | undefined)?.hide === true;
}

function read({ method, url, handler, config, constraints }: DeclaredRoute, { supportedMethods }: FastifyInstance): Declared {
  const name = (config as { name?: unknown } | undefined)?.name;
  const contract = routeNameOf(handler) ?? (typeof name === 'string' ? name : undefined);
  const declares = declaredBy(handler);
  const own = String(handler.name).replace(/^(?:bound )+/, '');
  const methods = [method].flat();
  return {
    // As `app.all` has them. A method that is added later is none of it.
    methods: methods.length > 1 && supportedMethods.every((each) => methods.includes(each)) ? ['ALL'] : methods,
    url,
    handler,
    isForHost: constraints?.host !== undefined,
    // `{ handler: async () => … }` and `handler(request) { … }` are called so by JavaScript, not by who wrote them.
    names: {
      ...(own !== '' && own !== 'handler' && { handler: own }),
      ...(contract !== undefined && { contract }),
      ...(declares !== undefined && { declares }),
    },
  };
}

/** Fastify adds a HEAD to each GET by itself: the same handler, somewhere behind it. */
function withoutOwnHeads(declared: readonly Declared[]): readonly Declared[] {
  const gets = new Map<string, Set<unknown>>();
  return declared.filter(({ methods, url, handler }) => {
    // Of a route at the prefix of its context only one of the two has a slash at the end.
    const path = url.endsWith('/') ? url.slice(0, -1) : url;
    if (methods.length === 1 && methods[0] === 'HEAD') return gets.get(path)?.has(handler) !== true;
    if (methods.includes('GET')) gets.set(path, (gets.get(path) ?? new Set()).add(handler));
    return true;
  });
}

function describe({ names, url, isForHost, methods }: Declared): RouteDescriptor[] {
  const path = readPath(url);
  // Of several methods one has the name, as `app.all` has it for GET: a name is for one request.
  const named = methods.includes('GET') ? 'GET' : methods[0];
  return methods.map((method) => {
    const own = { method, ...(method === named && names) };
    if ('reason' in path) return { ...own, paths: [path.shown], uncallable: path.reason };
    // Calls go to an instance at its own address, which is another host.
    return { ...own, paths: path.templates, ...(isForHost && { uncallable: 'a constraint of the host' }) };
  });
}
