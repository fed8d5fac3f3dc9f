// What every peer answers, 150 bytes of JSON, and how its caller sees that it is the right answer.
import assert from 'node:assert/strict';

const LINES = [{ sku: 'k-1', n: 1, cents: 4900 }];

/** @param {string | number} userId */
export function orderOf(userId) {
  return {
    id: 7,
    userId: String(userId),
    item: 'keyboard',
    state: 'confirmed',
    lines: LINES,
    note: 'leave it at the door; ring twice',
  };
}

/** Every call is looked at, and cheaply: a comparison of all would be a good part of the quickest call. */
export function isOrderOf(userId, order) {
  return order?.userId === String(userId) && order.id === 7 && order.lines?.[0]?.cents === 4900 && order.note?.length === 32;
}

/** The whole of one answer. */
export function assertOrderOf(userId, order) {
  assert.deepEqual({ ...order, lines: order.lines?.map((line) => ({ ...line })) }, orderOf(userId));
}
