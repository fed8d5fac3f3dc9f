import { afterEach } from 'vitest';
import expressMicro, { type ExpressMicroOptions } from '../src/index.ts';
import { createTestMesh, type TestMesh } from '../src/testing/index.ts';
import type { expresses } from './fleet.test-support.ts';

type Express = (typeof expresses)[number][1];

const open: TestMesh[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((mesh) => mesh.close()));
});

export function testMesh(seed = 1): TestMesh {
  const mesh = createTestMesh({ seed });
  open.push(mesh);
  return mesh;
}

/** An order service as users write it: it knows of no test. */
export function orderApp(express: Express, options: ExpressMicroOptions = {}) {
  const app = express();
  const micro = expressMicro(app, { serviceName: 'order-service', log: false, ...options });
  const { services } = micro;
  app.get('/orders/:id', (req, res, next) => {
    services.paymentService.getPayment({ id: req.params.id }).then((payment: unknown) => res.json(payment), next);
  });
  app.post('/orders', micro.idempotent(), express.json(), (req, res, next) => {
    services.paymentService.createPayment({ amount: req.body.amount }).then((payment: unknown) => res.json(payment), next);
  });
  app.get('/internal', micro.internal(), (req, res) => void res.json(micro.caller(req)));
  return { app, micro };
}

export const PAYMENTS = {
  'GET /payments/:id': (req: { params: Readonly<Record<string, string>> }) => ({ id: req.params.id }),
  'POST /payments': (req: { body: { amount: number } }) => ({ id: 'p-1', amount: req.body.amount }),
};

/** What a call came to, and how much virtual time it took. */
export async function outcome(mesh: TestMesh, call: Promise<unknown>) {
  const beganAtMs = mesh.clock.nowMs;
  const result: { value?: unknown; code?: string; status?: number } = await call.then(
    (value) => ({ value }),
    ({ code, status }: { code: string; status: number }) => ({ code, status }),
  );
  return { ...result, tookMs: Math.round(mesh.clock.nowMs - beganAtMs) };
}

/** An order service that pays, and a stub of payments. */
export async function openShop(express: Express, seed = 1) {
  const mesh = testMesh(seed);
  const { app, micro } = orderApp(express);
  const orders = mesh.service('order-service', app);
  const payments = mesh.stub('payment-service', PAYMENTS);
  await mesh.ready();
  const pay = () => outcome(mesh, orders.services.paymentService.createPayment({ amount: 3 }));
  const look = () => outcome(mesh, orders.services.paymentService.getPayment({ id: 7 }));
  return { mesh, micro, orders, payments, pay, look };
}

export const JSON_TYPE = { 'content-type': 'application/json' };
export const TEN_SECONDS = 10_000;
