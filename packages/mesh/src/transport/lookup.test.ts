import type { LookupAddress } from 'node:dns';
import { describe, expect, it } from 'vitest';
import { createGuardedLookup } from './lookup.ts';

const v4 = (address: string): LookupAddress => ({ address, family: 4 });
const lookup = (found: LookupAddress[], options = {}) =>
  new Promise<unknown>((resolve) => {
    createGuardedLookup((_name, _options, callback) => callback(null, found))('orders.example', options, (error, ...addresses) =>
      resolve(error ?? addresses),
    );
  });

describe('the addresses of a name', () => {
  it('are given in the form in which they were asked for', async () => {
    expect(await lookup([v4('10.0.0.7'), v4('10.0.0.8')])).toEqual(['10.0.0.7', 4]);
    expect(await lookup([v4('10.0.0.7'), v4('10.0.0.8')], { all: true })).toEqual([[v4('10.0.0.7'), v4('10.0.0.8')]]);
  });

  it.each(['169.254.169.254', '224.0.0.1', '0.0.0.0', '100.100.100.200'])('are none where one of them is %s', async (address) => {
    expect(await lookup([v4('10.0.0.7'), v4(address)])).toMatchObject({
      code: 'ENOTFOUND',
      message: `orders.example is ${address}, at which no service can be`,
    });
  });

  it('are none where one of them is link-local in IPv6, with its zone', async () => {
    expect(await lookup([{ address: 'fe80::1%eth0', family: 6 }])).toMatchObject({ code: 'ENOTFOUND' });
    expect(await lookup([{ address: '::ffff:169.254.169.254', family: 6 }])).toMatchObject({ code: 'ENOTFOUND' });
  });

  it('a failure to find any is what it was', async () => {
    const failure = Object.assign(new Error('not now'), { code: 'EAI_AGAIN' });
    const error = await new Promise((resolve) =>
      createGuardedLookup((_name, _options, callback) => callback(failure, []))('orders.example', {}, resolve),
    );
    expect(error).toBe(failure);
    expect(await lookup([])).toMatchObject({ message: 'orders.example has no address' });
  });
});
