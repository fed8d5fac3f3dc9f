// Checked by `npm run check`: a wrong type here is a compile error. Nothing runs.

import type { ExpressApp } from '@express-micro/core';
import type { Services } from '@express-micro/fastify';
import type { ServicesOf } from '@express-micro/mesh';
import Fastify from 'fastify';
import { expectTypeOf } from 'vitest';
import { createTestMesh, type StubRequest, type TestInstance, type TestService, type TestStub } from '../src/testing/index.ts';

export async function types(express: ExpressApp): Promise<void> {
  const mesh = createTestMesh({ seed: 1 });
  const app = Fastify();
  const orders = await mesh.service('order-service', app, { timeoutMs: 1_000 });
  expectTypeOf(orders).toEqualTypeOf<TestService>();
  // What users declare of their services holds here too.
  expectTypeOf(orders.services).toEqualTypeOf<ServicesOf<Services>>();
  await mesh.service('secure', Fastify({ https: {} }));
  await mesh.service('typed', app.withTypeProvider());
  expectTypeOf(await mesh.service('payment-service', express)).toEqualTypeOf<TestInstance>();
  const stub = mesh.stub('price-service', {
    'GET /prices/:sku': (req) => {
      expectTypeOf(req).toEqualTypeOf<StubRequest>();
      return { sku: req.params.sku };
    },
  });
  expectTypeOf(stub).toEqualTypeOf<TestStub>();
  mesh.faults.slow(orders, [1, 10]);
  // @ts-expect-error it is waited for
  mesh.service('order-service', app).fetch('/orders');
  // @ts-expect-error an unknown option
  await mesh.service('order-service', app, { timeout: 1 });
  // @ts-expect-error no app
  await mesh.service('order-service', {});
}
