import { allowsOrigins, corsOption, type ResolvedCors } from '@express-micro/core';
import type { BasePart } from './fastify-base.ts';

export const corsPart: BasePart<ResolvedCors> = {
  library: '@fastify/cors',
  option: corsOption,
  async register(app, { origins, credentials, methods, allowedHeaders, exposedHeaders, maxAgeSeconds }) {
    const { default: cors } = await import('@fastify/cors');
    const isAllowed = allowsOrigins(origins);
    await app.register(cors, {
      origin: origins === '*' ? '*' : (origin, tell) => tell(null, origin !== undefined && isAllowed(origin)),
      credentials,
      methods: [...methods],
      ...(allowedHeaders !== undefined && { allowedHeaders: [...allowedHeaders] }),
      exposedHeaders: [...exposedHeaders],
      maxAge: maxAgeSeconds,
      // An OPTIONS that lacks what a preflight has is none that a client did wrong.
      strictPreflight: false,
    });
  },
};
