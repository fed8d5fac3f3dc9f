import type { Request } from 'express';
import { expectTypeOf } from 'vitest';
import type { IdempotencyOptions, Micro, RequestDeadline, SheddingOptions } from '../src/index.ts';
import expressMicro from '../src/index.ts';

// `req.signal` and `req.deadline` are there for whoever uses the types of Express.
export function handler(req: Request, micro: Micro): void {
  expectTypeOf(req.signal).toEqualTypeOf<AbortSignal>();
  expectTypeOf(req.deadline).toEqualTypeOf<RequestDeadline | undefined>();
  expectTypeOf(req.deadline?.remainingMs).toEqualTypeOf<number | undefined>();
  expectTypeOf(micro.idempotent).parameter(0).toEqualTypeOf<IdempotencyOptions | undefined>();
  // @ts-expect-error what the caller gave cannot be changed
  req.deadline = undefined;
}

export function options(app: Parameters<typeof expressMicro>[0]): void {
  const shedding: SheddingOptions = { maxInFlight: '100', sparedPaths: ['/health'] };
  expressMicro(app, { shedding, drain: { serveOnMs: 0 } });
  expressMicro(app, { shedding: false, drain: false });
  // @ts-expect-error switching off is said with false
  expressMicro(app, { shedding: true });
  // @ts-expect-error an unknown field
  expressMicro(app, { drain: { serveOn: 5 } });
}
