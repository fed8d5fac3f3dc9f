import assert from 'node:assert/strict';
import { simulate } from '@express-micro/mesh/testing';
import express from 'express';
import { createTestMesh, type TestMesh, type TestStub } from 'express-micro/testing';

interface Order {
  userId: string;
}

const mesh: TestMesh = createTestMesh({ seed: 7 });
const users = mesh.service('user-service', express());
const orders: TestStub = mesh.stub('order-service', { 'GET /orders/:userId': ({ params }) => [params] });
await mesh.ready();
// As `main.ts` declares it.
const answer: Order[] = await users.services.orderService.getOrders({ userId: 123 });
assert.deepEqual(answer, [{ userId: '123' }]);
assert.equal(orders.requests.length, 1);
await mesh.close();
assert.equal(simulate(1).nowMs, 0);

/** Never called: these lines are for the compiler. */
export function refused(): void {
  // @ts-expect-error the merged interface wants a number
  void users.services.orderService.getOrders({ userId: true });
  // @ts-expect-error a fault that there is none of
  mesh.faults.explode(orders);
}
