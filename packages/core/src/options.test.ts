import { describe, expect, it } from 'vitest';
import { booleanOption, functionOption, integerOption, OptionProblem, resolveOptions, show } from './options.ts';

const table = {
  size: integerOption('a size', { min: 1, max: 10 }, () => 5),
  isOpen: booleanOption(true),
  onEnd: functionOption<() => void>('a function'),
};
const resolve = (given: unknown) => resolveOptions('make()', table, given, (message) => new Error(message));

describe('resolveOptions', () => {
  it('gives every option, from the user or its default, in one frozen object', () => {
    const given = { size: '7', isOpen: undefined };
    const resolved = resolve(given);
    expect(resolved).toEqual({ size: 7, isOpen: true, onEnd: undefined });
    expect(Object.isFrozen(resolved)).toBe(true);
    expect(given).toEqual({ size: '7', isOpen: undefined });
    expect(resolve(undefined)).toEqual({ size: 5, isOpen: true, onEnd: undefined });
  });

  it('names an unknown option and those there are', () => {
    expect(() => resolve({ sise: 1 })).toThrow('Unknown option "sise" of make(). The options are: size, isOpen, onEnd.');
  });

  it.each([0, 11, 1.5, '', 'x', '1e1', null, Number.NaN, [1], {}])('says what it got and what it takes: %j', (size) => {
    expect(() => resolve({ size })).toThrow(/Option "size" of make\(\) got .*; it takes a size from 1 to 10\./);
  });

  it('takes no other value for a boolean or a function', () => {
    expect(() => resolve({ isOpen: 1 })).toThrow(/true or false/);
    expect(() => resolve({ onEnd: 'end' })).toThrow(/a function/);
  });

  it('takes an object only, and reads no inherited or dangerous key from it', () => {
    for (const given of [null, [], 'size', 3]) expect(() => resolve(given)).toThrow(/options as an object/);
    expect(resolve(Object.create({ size: 9 }))).toMatchObject({ size: 5 });
    expect(() => resolve(JSON.parse('{"__proto__":{"size":1}}'))).toThrow(/__proto__/);
    expect(() => resolve({ constructor: 1 })).toThrow(/Unknown option "constructor"/);
  });

  it('passes on what is a bug and no problem of the value', () => {
    const broken = {
      a: {
        takes: 'x',
        fallback: () => 1,
        read: () => {
          throw new TypeError('bug');
        },
      },
    };
    expect(() => resolveOptions('f()', broken, { a: 1 }, (message) => new Error(message))).toThrow(TypeError);
  });

  it('a default may find fault with the environment, with the same message', () => {
    const fromEnvironment = {
      a: {
        takes: 'a URL',
        read: () => 1,
        fallback: () => {
          throw new OptionProblem('the entry "x" of ENV');
        },
      },
    };
    expect(() => resolveOptions('f()', fromEnvironment, {}, (message) => new Error(message))).toThrow(
      'Option "a" of f() got a default (the entry "x" of ENV); it takes a URL.',
    );
  });
});

describe('show', () => {
  it('writes what JSON cannot, and never much', () => {
    const circular: Record<string, unknown> = {};
    circular.self = circular;
    expect([show(1n), show(Number.NaN), show(undefined), show(() => {}), show(function named() {}), show(circular)]).toEqual([
      '1n',
      'NaN',
      'undefined',
      'a function',
      'a function "named"',
      '[object Object]',
    ]);
    expect(show('x'.repeat(500)).length).toBe(118);
  });
});
