import { systemClock } from '@express-micro/core';
import { describe, expect, it } from 'vitest';
import { nameRoutes } from '../routes/naming.ts';
import type { SourceMember } from '../sources/source.ts';
import { createDirectory, isCallable } from './directory.ts';

function member(id: string, more: Partial<SourceMember> = {}): SourceMember {
  const url = `http://10.0.0.${id.length}:3000`;
  return {
    id,
    service: 'orders',
    url,
    incarnation: 1,
    status: 'UP',
    routesHash: 'h',
    isSigning: false,
    isDoubtful: false,
    ...more,
  };
}

function open() {
  const told: string[] = [];
  const directory = createDirectory({
    clock: systemClock,
    onServiceUp: (service) => told.push(`up ${service}`),
    onServiceDown: (service) => told.push(`down ${service}`),
    onInstanceChange: (instance) => told.push(`${instance.id} ${isCallable(instance) ? 'UP' : 'DOWN'}`),
  });
  return { directory, told };
}

const table = nameRoutes([{ method: 'GET', paths: ['/orders'] }]);

describe('the directory', () => {
  it('an instance is up when it has proven its address, and a service with its first and until its last', () => {
    const { directory, told } = open();
    directory.update(member('a'));
    expect(told).toEqual([]);
    directory.prove('a', 'h', table);
    directory.update(member('bb'));
    directory.prove('bb', 'h', table);
    directory.update(member('a', { status: 'DOWN' }));
    directory.update(member('bb', { status: 'LEFT' }));
    expect(told).toEqual(['a UP', 'up orders', 'bb UP', 'a DOWN', 'bb DOWN', 'down orders']);
  });

  it('who was down, or has moved, proves itself anew', () => {
    const { directory, told } = open();
    directory.update(member('a'));
    directory.prove('a', 'h', table);
    directory.update(member('a', { status: 'DOWN' }));
    directory.update(member('a', { incarnation: 2 }));
    expect(told.at(-1)).toBe('down orders');
    directory.prove('a', 'h', table);
    expect(told.at(-1)).toBe('up orders');
    directory.update(member('a', { incarnation: 3, url: 'http://10.0.0.9:1' }));
    expect(isCallable(directory.instance('a') as never)).toBe(false);
  });

  it('keeps nobody that it first heard of as gone, and forgets whom it is told to forget', () => {
    const { directory } = open();
    for (let i = 0; i < 1_000; i++) directory.update(member(`x${i}`, { status: 'DOWN', service: `s-${i}` }));
    expect(directory.services()).toEqual([]);
    directory.update(member('a'));
    directory.remove('a');
    directory.remove('a');
    expect([directory.services(), directory.instance('a'), directory.find('orders')]).toEqual([[], undefined, undefined]);
  });

  it('hides whoever is gone once somebody else has proven the address', () => {
    const { directory } = open();
    directory.update(member('old', { url: 'http://10.0.0.1:1' }));
    directory.prove('old', 'h', table);
    directory.update(member('old', { url: 'http://10.0.0.1:1', status: 'DOWN' }));
    directory.update(member('new', { url: 'http://10.0.0.1:1' }));
    directory.prove('new', 'h', table);
    expect(directory.instance('old')).toBeUndefined();
  });

  it('its version changes with whatever a caller may have worked out', () => {
    const { directory } = open();
    const versions = [directory.version];
    directory.update(member('a'));
    versions.push(directory.version);
    directory.prove('a', 'h', table);
    versions.push(directory.version);
    directory.remove('a');
    versions.push(directory.version);
    expect(new Set(versions).size).toBe(4);
  });

  it('what calls have seen of this process outlasts a change of its routes', () => {
    const { directory } = open();
    const self = { id: 'me', service: 'orders', url: 'http://10.0.0.9:3000', routesHash: 'h', isSigning: false };
    directory.addSelf(self, table);
    const health = directory.instance('me')?.health;
    directory.addSelf({ ...self, routesHash: 'h2' }, table);
    expect(directory.instance('me')?.health).toBe(health);
  });
});
