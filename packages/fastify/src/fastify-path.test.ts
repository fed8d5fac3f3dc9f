import { describe, expect, it } from 'vitest';
import { readPath } from './fastify-path.ts';

const templatesOf = (path: string) => {
  const read = readPath(path);
  return 'templates' in read ? read.templates : read.reason;
};

describe('a path of Fastify as the mesh speaks of it', () => {
  it.each([
    ['/', ['/']],
    ['/users/:id', ['/users/:id']],
    ['/users/:id/orders/:order', ['/users/:id/orders/:order']],
    ['/near/:lat-:lng', ['/near/:lat-:lng']],
    ['/files/:name.:ext', ['/files/:name.:ext']],
    ['/files/:name.json', ['/files/:name.json']],
    ['/users/:id(^\\d+$)', ['/users/:id']],
    ['/users/:id(^(?:\\(|a)+$)/x', ['/users/:id/x']],
    ['/at/:hour(^\\d{2})h:minute(^\\d{2})m', ['/at/:"hour"h:"minute"m']],
    ['/users/:id?', ['/users/:id', '/users']],
    ['/:id?', ['/:id', '/']],
    ['/users/:user_id?/', ['/users/:user_id/', '/users/']],
    ['/static/*', ['/static/*splat']],
    ['*', ['/*splat']],
    ['/50%', ['/50%25']],
    ['/grün', ['/grün']],
  ])('%s', (path, templates) => {
    expect(templatesOf(path)).toEqual(templates);
  });

  it('with a colon that is meant literally cannot be called', () => {
    expect(readPath('/name::verb')).toEqual({ shown: '/name::verb', reason: 'a ":" or "*" that is meant literally' });
  });

  it('with an expression that never closes ends there', () => {
    expect(templatesOf('/a/:id(^[')).toEqual(['/a/:id']);
  });
});
