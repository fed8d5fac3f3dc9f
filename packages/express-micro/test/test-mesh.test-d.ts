// Checked by `npm run check`: a wrong type here is a compile error. Nothing runs.

import type { ServicesOf } from '@express-micro/mesh';
import type { Services } from 'express-micro';
import { expectTypeOf } from 'vitest';
import type { ExpressApp } from '../src/index.ts';
import { createTestMesh, type StubRequest, type TestService, type TestStub } from '../src/testing/index.ts';

export async function types(app: ExpressApp): Promise<void> {
  const mesh = createTestMesh({ seed: 1 });
  const orders = mesh.service('order-service', app, { timeoutMs: 1_000 });
  expectTypeOf(orders).toEqualTypeOf<TestService>();
  // What users declare of their services holds here too.
  expectTypeOf(orders.services).toEqualTypeOf<ServicesOf<Services>>();
  const stub = mesh.stub('payment-service', {
    'GET /payments/:id': ({ params }) => ({ id: params.id }),
    'POST /payments': async (req) => {
      expectTypeOf(req).toEqualTypeOf<StubRequest>();
      return Response.json({ id: 1 }, { status: 201 });
    },
    'GET /rates': [1, 2],
    'GET /none': () => undefined,
  });
  expectTypeOf(stub).toEqualTypeOf<TestStub>();
  expectTypeOf(await orders.fetch('/orders')).toEqualTypeOf<Response>();
  expectTypeOf(mesh.history).toEqualTypeOf<readonly string[]>();
  mesh.faults.slow(stub, [1, 10]);
  mesh.faults.fail('payment-service#1', { status: 503, times: 1, rate: 0.5, body: {}, headers: {} });
  // @ts-expect-error a range has two ends
  mesh.faults.slow(stub, [1]);
  // @ts-expect-error neither of the two
  mesh.faults.lose(stub, { what: 'everything' });
  // @ts-expect-error an unknown field
  mesh.faults.fail(stub, { state: 500 });
  // @ts-expect-error an unknown option
  createTestMesh({ sede: 1 });
  // @ts-expect-error a bigint is nothing that JSON has
  mesh.stub('x', { 'GET /a': 1n });
}
