import type { ServerResponse } from 'node:http';
import { allowsOrigins, type ResolvedCors } from '@express-micro/core';
import cors from 'cors';
import type { HttpRequest, Middleware } from '../middleware.ts';

const PREFLIGHT_STATUS = 204;

/** An origin that may not gets no header, and its preflight an answer that allows nothing. */
export function createCors({
  origins,
  credentials,
  methods,
  allowedHeaders,
  exposedHeaders,
  maxAgeSeconds,
}: ResolvedCors): Middleware {
  const options = {
    // Who may has been decided when it comes to this.
    origin: origins === '*' ? '*' : true,
    credentials,
    methods: [...methods],
    ...(allowedHeaders === undefined ? {} : { allowedHeaders: [...allowedHeaders] }),
    exposedHeaders: [...exposedHeaders],
    maxAge: maxAgeSeconds,
  };
  const answer = cors(options);
  const isAllowed = allowsOrigins(origins);
  return function corsHeaders(req, res, next) {
    if (origins !== '*') vary(res);
    const { origin } = req.headers;
    if (origin === undefined) {
      next();
      return;
    }
    const isPreflight = req.method === 'OPTIONS' && req.headers['access-control-request-method'] !== undefined;
    if (!isAllowed(origin)) {
      if (isPreflight) res.writeHead(PREFLIGHT_STATUS, { 'content-length': '0' }).end();
      else next();
      return;
    }
    // The library takes every OPTIONS for a preflight. One that is none belongs to the app.
    const asked = isPreflight || req.method !== 'OPTIONS' ? req : asGet(req);
    answer(asked as never, res as never, next);
  };
}

function asGet({ headers }: HttpRequest): object {
  return { method: 'GET', headers };
}

/** Also where there is no origin, or one that may not: a cache must not hand that answer to one that may. */
function vary(res: ServerResponse): void {
  const before = res.getHeader('vary');
  const names = before === undefined ? [] : String(before).split(/\s*,\s*/);
  if (!names.some((name) => name === '*' || name.toLowerCase() === 'origin'))
    res.setHeader('vary', [...names, 'Origin'].join(', '));
}
