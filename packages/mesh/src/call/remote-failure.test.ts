import { describe, expect, it } from 'vitest';
import { meshError } from '../errors.ts';
import { remoteFailureOf } from './remote-failure.ts';

const answer = (data: unknown, extras: object = {}) =>
  meshError('MESH_REMOTE_STATUS', 'orders.pay answered 409 Conflict', {
    status: 409,
    service: 'order-service',
    function: 'pay',
    data,
    ...extras,
  });

describe('what the other side said', () => {
  it('is its code, status, data and message', () => {
    const error = answer({ status: 'error', code: 'PAID', message: 'It is paid', data: { id: 1 } });
    expect(remoteFailureOf(error, 'orderService', 'pay')).toEqual({
      code: 'PAID',
      status: 409,
      data: { id: 1 },
      message: 'It is paid',
    });
    expect(remoteFailureOf(error, 'order-service', 'pay')?.code).toBe('PAID');
  });

  it('is read from a problem of RFC 9457, too', () => {
    expect(remoteFailureOf(answer({ code: 'PAID', detail: 'It is paid' }), 'orderService', 'pay')?.message).toBe('It is paid');
    expect(remoteFailureOf(answer({ code: 'PAID' }), 'orderService', 'pay')?.message).toContain('answered 409');
  });

  it('of a contract it is one of the errors that it declares, with its status', () => {
    const declares = { PAID: 409 };
    expect(remoteFailureOf(answer({ code: 'PAID' }, { declares }), 'orderService', 'pay')?.code).toBe('PAID');
    for (const data of [{ code: 'VALIDATION_FAILED' }, { code: 'toString' }, { code: '__proto__' }])
      expect(remoteFailureOf(answer(data, { declares }), 'orderService', 'pay'), data.code).toBeUndefined();
    expect(remoteFailureOf(answer({ code: 'PAID' }, { declares, status: 402 }), 'orderService', 'pay')).toBeUndefined();
    expect(remoteFailureOf(answer({ code: 'PAID' }, { declares: {} }), 'orderService', 'pay')).toBeUndefined();
  });

  it.each([
    ['another function', answer({ code: 'PAID' }), 'orderService', 'refund'],
    ['another service', answer({ code: 'PAID' }), 'billing', 'pay'],
    ['no code', answer({ message: 'x' }), 'orderService', 'pay'],
    ['a code that is no text', answer({ code: 5 }), 'orderService', 'pay'],
    ['a code of the prototype', answer(Object.create({ code: 'PAID' })), 'orderService', 'pay'],
    ['no object', answer('PAID'), 'orderService', 'pay'],
    ['null', answer(null), 'orderService', 'pay'],
    [
      'nobody reached',
      meshError('MESH_SERVICE_UNAVAILABLE', 'x', { service: 'order-service', function: 'pay', data: { code: 'PAID' } }),
      'orderService',
      'pay',
    ],
    [
      'not of the mesh',
      Object.assign(new Error('x'), {
        code: 'MESH_REMOTE_STATUS',
        service: 'order-service',
        function: 'pay',
        data: { code: 'PAID' },
      }),
      'orderService',
      'pay',
    ],
    ['a text', 'MESH_REMOTE_STATUS', 'orderService', 'pay'],
  ])('nothing: %s', (_what, error, service, name) => {
    expect(remoteFailureOf(error, service, name)).toBeUndefined();
  });
});
