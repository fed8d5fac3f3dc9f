import { describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { openApi, route } from '../index.ts';
import { expectValid } from './valid-document.test-support.ts';

// The schema of OpenAPI takes seconds to compile where other tests run beside it.
vi.setConfig({ testTimeout: 30_000 });

const routes = {
  a: route({ method: 'POST', path: '/a/:id', body: z.object({ b: z.string() }).meta({ id: 'B' }) }, () => 1),
  b: route({ method: 'GET', path: '/a/:id' }, () => 1),
};

/** What all other tests of documents lean on. */
describe('a document that is not valid', () => {
  // biome-ignore lint/suspicious/noExplicitAny: what is spoiled is no document any more
  it.each<[string, (document: any) => void]>([
    ['lacks the parameter of its path', ({ paths }) => paths['/a/{id}'].get.parameters.pop()],
    ['has an operation without answers', ({ paths }) => delete paths['/a/{id}'].get.responses],
    ['has two operations of one id', ({ paths }) => (paths['/a/{id}'].get.operationId = 'a')],
    [
      'has one path twice',
      ({ paths }) =>
        (paths['/a/{x}'] = {
          get: { ...paths['/a/{id}'].get, operationId: 'c', parameters: [{ name: 'x', in: 'path', required: true, schema: {} }] },
        }),
    ],
    ['refers to nothing', ({ components }) => delete components.schemas.B],
    ['holds what is no schema', ({ components }) => (components.schemas.B.type = 'text')],
    ['holds what is no schema in a parameter', ({ paths }) => (paths['/a/{id}'].get.parameters[0].schema = { minimum: 'one' })],
    ['is of no version', (document) => (document.openapi = '3.1')],
  ])('is seen where it %s', async (_name, spoil) => {
    const document = openApi({ info: { title: 'x', version: '1' }, routes });
    await expectValid(document);
    spoil(document);
    await expect(expectValid(document)).rejects.toThrow();
  });
});
