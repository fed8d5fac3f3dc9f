import { describe, expect, it } from 'vitest';
import { nearest } from './nearest.ts';

describe('the nearest name', () => {
  const names = ['getUser', 'getUsers', 'createUser', 'deleteUser', 'listOrders'];

  it('is found through a slip of any kind', () => {
    expect(nearest('getUsr', names)).toEqual(['getUser']);
    expect(nearest('getUserss', names)).toEqual(['getUsers']);
    expect(nearest('gteUser', names)).toEqual(['getUser']);
    expect(nearest('GETUSER', names)).toEqual(['getUser']);
    expect(nearest('getuser', names, 2)).toEqual(['getUser', 'getUsers']);
  });

  it('counts a swap of neighbours as one slip', () => {
    expect(nearest('ab', ['ba', 'xb'], 2)).toEqual(['ba', 'xb']);
    expect(nearest('abcdef', ['abcfed', 'abdcef'])).toEqual(['abdcef']);
  });

  it('is nobody where nothing is near', () => {
    expect(nearest('shipParcel', names)).toEqual([]);
    expect(nearest('x', ['y'])).toEqual([]);
    expect(nearest('', names)).toEqual([]);
    expect(nearest('a'.repeat(10_000), ['a'.repeat(10_000)])).toEqual([]);
  });

  it('orders equals by name, so that the same question has the same answer', () => {
    expect(nearest('pet', ['set', 'bet', 'get'], 3)).toEqual(['bet', 'get', 'set']);
  });
});
