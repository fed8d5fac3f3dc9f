/**
 * Which package may import which, as ARCHITECTURE draws the arrows. Siblings never meet; what two of them need goes to `core`.
 * A package without a row here fails the check: decide first, then import.
 * @type {Readonly<Record<string, readonly string[]>>}
 */
export const ARROWS = Object.freeze({
  core: [],
  mesh: ['core'],
  'express-micro': ['core', 'mesh'],
  fastify: ['core', 'mesh'],
  observability: ['core'],
  http: ['core'],
  data: ['core'],
  events: ['core', 'data'],
  realtime: ['core'],
  dashboard: [],
});

/**
 * The rooms inside a package: which folder of its `src` may import which others.
 * @typedef {object} Room
 * @property {readonly string[]} [imports] folders
 * @property {readonly string[]} [types] folders of which it may know the types only
 * @property {readonly RegExp[]} [without] modules that it must not touch
 */

/**
 * `shared` are the files beside the folders that every folder may import. All other files beside them (`mesh.ts`, `index.ts`)
 * put the folders together: they import what they like and no folder imports them.
 * @type {Readonly<Record<string, { shared: readonly string[], folders: Readonly<Record<string, Room>> }>>}
 */
export const INSIDE = Object.freeze({
  mesh: {
    shared: ['content-coding', 'counters', 'errors', 'identity', 'renewable-file', 'wire'],
    folders: {
      routes: {},
      secret: {},
      trust: {},
      signing: { types: ['secret'] },
      membership: { types: ['routes'], without: [/^undici(\/|$)/, /^node:(http|https|http2|net|tls|dgram|dns|fs|timers)(\/|$)/] },
      transport: { imports: ['signing', 'secret'], types: ['routes', 'trust'] },
      link: { imports: ['transport'], types: ['signing', 'secret', 'trust'] },
      sources: { imports: ['membership', 'transport'], types: ['routes', 'signing'] },
      directory: { imports: ['routes'], types: ['sources', 'membership'] },
      call: { imports: ['routes', 'directory', 'transport'], types: ['signing'] },
      serve: { imports: ['routes', 'directory', 'membership', 'signing', 'secret'], types: ['sources', 'trust'] },
      // The simulator runs the protocol as it is; nothing that runs in production knows of it.
      testing: { imports: ['membership', 'signing', 'secret', 'transport'], types: ['sources', 'routes'] },
      // A guard for single routes: it stands on what stands in front of all of them, and not the other way round.
      idempotency: { imports: ['serve'] },
    },
  },
  observability: {
    shared: ['complaints', 'errors', 'opentelemetry', 'reason'],
    folders: {
      request: { types: ['tracing'] },
      logging: { imports: ['request'] },
      'access-log': { imports: ['request', 'logging'] },
      endpoints: {},
      metrics: { imports: ['request', 'endpoints'] },
      health: { imports: ['endpoints'], types: ['metrics'] },
      shutdown: {},
      tracing: { imports: ['request', 'access-log', 'metrics'], types: ['logging'] },
      // Loaded before an app, and by nothing of it.
      register: { imports: ['request', 'tracing', 'access-log', 'logging'] },
    },
  },
  http: {
    shared: [
      'app-errors',
      'environment',
      'errors',
      'jsonified',
      'log-option',
      'middleware',
      'principal',
      'quick-app',
      'security-mark',
      'tell',
      'thenable',
      'within',
    ],
    folders: {
      responses: {},
      // From what was thrown to what a client reads, and bodies that cannot be read.
      failures: { imports: ['responses', 'bodies'] },
      bodies: {},
      validation: {},
      // A contract reads its body where nobody has.
      contracts: { imports: ['validation', 'responses', 'failures', 'bodies'], types: ['composition'] },
      // Tables of routes are checked as where they are mounted, and guards asked as a contract asks them.
      openapi: { imports: ['validation', 'contracts'] },
      // What a guard adds to the request: who calls.
      authentication: { types: ['composition'] },
      passwords: {},
      // From a password to tokens, and from a refresh token to the next ones.
      sessions: { imports: ['authentication', 'passwords'] },
      limits: {},
      caching: {},
      composition: {},
      plugins: { imports: ['limits', 'composition'] },
      security: { imports: ['bodies', 'failures'] },
      // A scope is what its middleware adds to the request.
      container: { types: ['composition'] },
    },
  },
});
