import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ServerOptions } from 'node:https';
import { markRouteName, routeNameOf } from '@express-micro/core';
import fastifyMicro, { type FastifyMicroOptions, type Micro } from '@express-micro/fastify';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';

type Next = (error?: unknown) => void;
type Handler = (req: unknown, res: unknown, next: Next) => unknown;
type Hook = (request: FastifyRequest, reply: FastifyReply, done: Next) => void;

/** Hooks that `app.micro` makes: on Fastify they stand where middleware stands in Express. */
const hooks = new WeakSet<object>();
const PARSERS = new Set(['jsonParser', 'textParser', 'urlencodedParser', 'rawParser']);

/**
 * A Fastify app that takes routes as these tests declare them, with Node's request and response and what the handlers of the
 * tests use of Express's. So what the plugin promises is asked of both by the same lines. It answers by `reply.send()`, and what
 * a handler does to the response itself it does to Fastify's.
 */
export async function startFastify(options: FastifyMicroOptions, https: ServerOptions | undefined) {
  // Fastify refuses longer parameters by itself, which is no matter of the plugin.
  const fastify = Fastify({ ...(https && { https }), routerOptions: { maxParamLength: 10_000 } } as object) as FastifyInstance;
  await fastify.register(fastifyMicro, options);
  const parseJson = fastify.getDefaultJsonParser('error', 'error');
  fastify.removeAllContentTypeParsers();
  // As in Express, a body is read by the parser that a route names, and by the handler where it names none.
  fastify.addContentTypeParser('*', (request, payload, done) => {
    const { parsers = [] } = request.routeOptions.config as { parsers?: readonly string[] };
    const { 'content-type': type = '' } = request.headers;
    const isJson = type.startsWith('application/json') && parsers.includes('jsonParser');
    const isText = type.startsWith('text/') && parsers.includes('textParser');
    if (!isJson && !isText) {
      done(null, undefined);
      return;
    }
    const chunks: Buffer[] = [];
    payload.on('data', (chunk: Buffer) => chunks.push(chunk));
    payload.once('error', (error) => done(error));
    payload.once('end', () => {
      const text = Buffer.concat(chunks).toString();
      if (isJson && text !== '') void parseJson(request, text, done);
      else done(null, isText ? text : {});
    });
  });
  return { app: expressLike(fastify), micro: withHooks(fastify.micro), fastify };
}

function withHooks(micro: Micro): Micro {
  const marked = <Made extends object>(made: Made): Made => {
    hooks.add(made);
    return made;
  };
  return Object.create(micro, {
    internal: { value: (...args: []) => marked(micro.internal(...args)) },
    idempotent: { value: (...args: []) => marked(micro.idempotent(...args)) },
    readiness: { value: () => (_req: unknown, res: { reply: FastifyReply }) => micro.readiness()(res.reply.request, res.reply) },
  }) as Micro;
}

function expressLike(fastify: FastifyInstance): object {
  const settings = new Map<string, unknown>();
  const ofAll: string[] = [];
  const declare =
    (method: string | string[]) =>
    (path: string, ...given: (Handler | Handler[])[]) => {
      const all = given.flat() as Handler[];
      const handler = all.at(-1) as Handler;
      const before = all.slice(0, -1);
      const parserAt = before.findIndex(({ name }) => PARSERS.has(name));
      const own = (request: FastifyRequest, reply: FastifyReply) => run(handler, request, reply);
      Object.defineProperty(own, 'name', { value: handler.name });
      const contract = routeNameOf(handler);
      const isBehind = (each: Handler) => parserAt >= 0 && before.indexOf(each) > parserAt;
      const ofMicro = before.filter((each) => hooks.has(each));
      fastify.route({
        method,
        // A named wildcard of Express has no name here.
        url: path.replace(/\*\w+/, '*'),
        config: { parsers: [...ofAll, ...before.map(({ name }) => name)] },
        onRequest: ofMicro.filter((each) => !isBehind(each)),
        preValidation: ofMicro.filter(isBehind),
        preHandler: before.filter((each) => !hooks.has(each) && !PARSERS.has(each.name)).map(asHook),
        handler: contract === undefined ? own : markRouteName(own, contract),
      } as never);
    };
  const app = {
    set: (name: string, value: unknown) => settings.set(name, value),
    use: (middleware: Handler) => {
      if (PARSERS.has(middleware.name)) ofAll.push(middleware.name);
      else fastify.addHook('preHandler', asHook(middleware) as never);
    },
    all: declare(fastify.supportedMethods as string[]),
    fastify,
  };
  for (const verb of ['get', 'post', 'put', 'patch', 'delete', 'head'])
    Object.assign(app, {
      [verb]: (path: string, ...more: Handler[]) =>
        more.length === 0 ? settings.get(path) : declare(verb.toUpperCase())(path, ...more),
    });
  return app;
}

function asHook(middleware: Handler): Hook {
  return (request, reply, done) => {
    const { req, res } = dressed(request, reply);
    middleware(req, res, done);
  };
}

function run(handler: Handler, request: FastifyRequest, reply: FastifyReply): void {
  const { req, res } = dressed(request, reply);
  const fail = (error: unknown) => void reply.send(error);
  try {
    void Promise.resolve(handler(req, res, fail)).catch(fail);
  } catch (error) {
    fail(error);
  }
}

interface Dressed {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
}

/** Node's own two objects with what these tests use of Express's. */
function dressed(request: FastifyRequest, reply: FastifyReply): Dressed {
  const { raw: req } = request;
  const { raw: res } = reply;
  if ('reply' in res) return { req, res };
  const { params, query, body } = request;
  Object.assign(req, {
    params,
    query,
    body,
    originalUrl: request.originalUrl,
    path: req.url?.split('?')[0],
    ip: request.ip,
    protocol: request.protocol,
    secure: request.protocol === 'https',
    hostname: request.hostname,
    get: (name: string) => req.headers[name.toLowerCase()],
    res,
  });
  for (const name of ['signal', 'deadline'] as const)
    Object.defineProperty(req, name, { configurable: true, get: () => request[name] });
  const TYPES: Record<string, string> = { text: 'text/plain; charset=utf-8', bin: 'application/octet-stream' };
  Object.assign(res, {
    reply,
    locals: {},
    json: (value: unknown) => reply.type('application/json; charset=utf-8').send(JSON.stringify(value)),
    send: (value: unknown) => reply.send(value),
    sendStatus: (status: number) => reply.code(status).type('text/plain').send('status'),
    status: (status: number) => Object.assign(res, { statusCode: status }),
    type: (type: string) => {
      reply.type(TYPES[type] ?? type);
      res.setHeader('content-type', TYPES[type] ?? type);
      return res;
    },
    set: (name: string | Record<string, string>, value: string) => {
      for (const [key, each] of typeof name === 'string' ? [[name, value] as const] : Object.entries(name))
        res.setHeader(key, each);
      return res;
    },
    get: (name: string) => res.getHeader(name),
    cookie: (name: string, value: string) => {
      res.appendHeader('set-cookie', `${name}=${value}; Path=/`);
      return res;
    },
    location: (url: string) => {
      res.setHeader('location', url);
      return res;
    },
  });
  return { req, res };
}
