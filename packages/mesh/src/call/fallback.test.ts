import { describe, expect, it } from 'vitest';
import { createCounters } from '../counters.ts';
import { type MeshErrorCode, meshError } from '../errors.ts';
import { fallBack } from './fallback.ts';

const remote = (status: number) => meshError('MESH_REMOTE_STATUS', '', { status });
const of = (code: MeshErrorCode) => meshError(code, '');

describe('a fallback', () => {
  it.each([
    of('MESH_SERVICE_UNAVAILABLE'),
    of('MESH_CONNECTION_LOST'),
    of('MESH_DEADLINE_EXCEEDED'),
    of('MESH_OVERLOADED'),
    remote(500),
    remote(503),
  ])('stands in for $code $status', (error) => {
    const counters = createCounters();
    expect(fallBack([], error, counters)).toEqual([]);
    expect(fallBack(null, error, counters)).toBeNull();
    expect(fallBack((given: unknown) => [given], error, counters)).toEqual([error]);
    expect(counters.fallbacks).toBe(3);
  });

  it.each([
    remote(404),
    remote(429),
    of('MESH_CANCELLED'),
    of('MESH_ARGUMENT_INVALID'),
    of('MESH_FUNCTION_NOT_FOUND'),
    of('MESH_RESPONSE_INVALID'),
    of('MESH_CLOSED'),
    new TypeError('a bug'),
  ])('hides nothing of %s', (error) => {
    const counters = createCounters();
    expect(() => fallBack('x', error, counters)).toThrow(error);
    expect(counters.fallbacks).toBe(0);
  });

  it('is none where none was given', () => {
    const error = of('MESH_OVERLOADED');
    expect(() => fallBack(undefined, error, createCounters())).toThrow(error);
  });
});
