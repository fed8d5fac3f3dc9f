import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MeshError } from '../errors.ts';
import { fillPath, parametersOf, parseTemplate, serialiseTemplate } from './path-template.ts';

const good = [
  '/',
  '/users',
  '/users/',
  '/users/:id',
  '/flights/:from-:to',
  '/files/*path',
  '/files/:"foo-bar"/x',
  '/a/*"x y"z',
  '/report.:format',
  '/caf%C3%A9/:id',
];

const bad: readonly (readonly [string, RegExp])[] = [
  ['users', /starts with/],
  ['', /starts with/],
  ['/a?b', /"\?"/],
  ['/a#b', /"#"/],
  ['/a\\b', /control character/],
  ['/a\nb', /control character/],
  ['/a\u0085', /control character/],
  ['/a/../b', /not a segment/],
  ['/a/./b', /not a segment/],
  ['/a/%2e%2E/b', /not a segment/],
  ['/a/.%2e', /not a segment/],
  ['//evil.example/x', /empty segment/],
  ['/a//b', /empty segment/],
  ['/:', /without a name/],
  ['/*', /without a name/],
  ['/:1', /without a name/],
  ['/:""', /without a name/],
  ['/:"open', /without a name/],
  ['/:a:b', /text between/],
  ['/:a*b', /text between/],
  ['/:id/:id', /two parameters are called "id"/],
  ['/:__proto__', /cannot be called/],
  ['/:constructor', /cannot be called/],
  ['/\ud800', /surrogate/],
  [`/${'a'.repeat(1024)}`, /longer than 1024/],
  ['/a'.repeat(65), /more than 64 segments/],
  [Array.from({ length: 33 }, (_, index) => `/:p${index}`).join(''), /more than 32 parameters/],
];

describe('a path template', () => {
  it.each(good)('%s is read, and written back as it was', (template) => {
    expect(serialiseTemplate(parseTemplate(template).segments)).toBe(template);
  });

  it.each(bad)('%j is refused with a reason', (template, reason) => {
    expect(() => parseTemplate(template)).toThrow(reason);
  });

  it('names its parameters in the order of the path', () => {
    expect(parametersOf('/a/:one/b-:two.:three/*"the rest"')).toEqual(['one', 'two', 'three', 'the rest']);
  });

  it('is read in linear time, however hostile', () => {
    for (const unit of [':', '*', ':a-', '"', ':"', '%2e', '/:"a', '.']) {
      const template = `/${unit.repeat(1024)}`.slice(0, 1024);
      const start = performance.now();
      try {
        parseTemplate(template);
      } catch {
        // Most are refused; the time is what counts.
      }
      expect(performance.now() - start).toBeLessThan(50);
    }
  });
});

/** What a server reads from a path: its segments, decoded once. Written apart from the code under test. */
function serverReads(template: string, pathname: string): Record<string, string> | undefined {
  const wanted = template.split('/');
  const got = pathname.split('/');
  if (wanted.length !== got.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, segment] of wanted.entries()) {
    const text = got[index] ?? '';
    if (segment.startsWith(':')) {
      const names = segment.split('-').map((name) => name.slice(1));
      const values = names.length === 1 ? [text] : text.split('-');
      if (names.length !== values.length || values.includes('')) return undefined;
      for (const [position, name] of names.entries()) params[name] = decodeURIComponent(values[position] ?? '');
    } else if (segment !== text) return undefined;
  }
  return params;
}

const templates = [
  '/users/:id',
  '/users/:id/orders',
  '/users/:id/orders/:orderId',
  '/:id',
  '/admin/:id/secret',
  '/flights/:from-:to',
];

function isRefused(error: unknown): boolean {
  return error instanceof MeshError && error.code === 'MESH_ARGUMENT_INVALID';
}

describe('filling a path', () => {
  it('puts encoded values in the place of names', () => {
    expect(fillPath('/users/:id/orders/:n', { id: 'a b', n: 12n })).toBe('/users/a%20b/orders/12');
    expect(fillPath('/flights/:from-:to', { from: 'BUD', to: 'JFK' })).toBe('/flights/BUD-JFK');
    expect(fillPath('/x/:"foo-bar"', { 'foo-bar': true })).toBe('/x/true');
    expect(fillPath('/users/:id', { id: 'żółć/'.slice(0, 4) })).toBe('/users/%C5%BC%C3%B3%C5%82%C4%87');
    expect(fillPath('/a b/ć/100%', {})).toBe('/a%20b/%C4%87/100%25');
    expect(fillPath('/users/', {})).toBe('/users/');
  });

  it('encodes a percent sign, so that what looks decoded stays what it was', () => {
    expect(fillPath('/users/:id', { id: '%2e%2e' })).toBe('/users/%252e%252e');
    expect(fillPath('/users/:id', { id: '..%2f..%2fadmin' })).toBe('/users/..%252f..%252fadmin');
  });

  it('gives a wildcard one segment or several', () => {
    expect(fillPath('/files/*path', { path: 'a.txt' })).toBe('/files/a.txt');
    expect(fillPath('/files/*path', { path: ['a', 'b c', 3] })).toBe('/files/a/b%20c/3');
    expect(() => fillPath('/files/*path', { path: [] })).toThrow(/at least one/);
    expect(() => fillPath('/files/*path', { path: 'a/b' })).toThrow(/array of segments/);
    expect(() => fillPath('/files/*path', { path: ['a', '..'] })).toThrow(/would drop/);
    // biome-ignore lint/suspicious/noSparseArray: the hole is what is tried
    expect(() => fillPath('/files/*path', { path: ['a', , 'b'] })).toThrow(/missing/);
    expect(() => fillPath('/a/*x/b/*y', { x: 'a', y: 'b' })).toThrow(/more than one wildcard/);
  });

  it('refuses what the parameters of one segment could not be told apart by', () => {
    expect(() => fillPath('/flights/:from-:to', { from: 'a-b', to: 'c' })).toThrow(/"-" parts the parameters/);
    expect(() => fillPath('/v/:a.:b', { a: '1', b: '2.3' })).toThrow(/"\." parts the parameters/);
    expect(fillPath('/v/:id.json', { id: '1.json' })).toBe('/v/1.json.json');
  });

  it('never makes a dot segment of text and value together', () => {
    expect(() => fillPath('/a/%2e:x', { x: '%2e' })).not.toThrow();
    expect(() => fillPath('/a/.:x', { x: '.' })).toThrow(/would drop/);
    expect(fillPath('/a/.:x', { x: '.a' })).toBe('/a/..a');
  });

  it('says which parameter, what it got and what it takes', () => {
    expect(() => fillPath('/users/:id', { id: { a: 1 } })).toThrow(
      'The parameter "id" of /users/:id cannot be an object: it takes a string, a finite number, a bigint or a boolean.',
    );
    expect(() => fillPath('/users/:id', {})).toThrow('The parameter "id" of /users/:id is missing.');
    expect(() => fillPath('/users/:id', { id: 2 ** 53 })).toThrow(/pass it as a string or a bigint/);
    expect(() => fillPath('/users/:id', { id: `/${'x'.repeat(500)}` })).toThrow(/^.{0,200}$/);
    expect(() => fillPath('/users/:id', { id: '\u001b[31m\u009b' })).toThrow(/"\\u001b\[31m\\u009b"/);
    expect(() => fillPath('/users/:id', Object.create({ id: 'inherited' }))).toThrow(/missing/);
  });

  const pieces = ['/', '\\', '\0', '\n', '\r', '\t', '\u007f', '\u0085', '\ud800', '\udfff', '\udc00\ud800'];
  const hostile: unknown[] = [
    ...pieces.flatMap((piece) => [piece, `a${piece}`, `${piece}a`, `a${piece}b`, piece + piece, `..${piece}..`]),
    ...Array.from({ length: 32 }, (_, code) => `id${String.fromCharCode(code)}`),
    ...Array.from({ length: 33 }, (_, code) => `${String.fromCharCode(127 + code)}id`),
    ...[
      '',
      '.',
      '..',
      '../admin',
      '..\\admin',
      '/admin',
      '//evil.example',
      'a/../../b',
      '..;/admin',
      'x/',
      '\\\\host',
      '\r\nHost: evil',
    ],
    ...[Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 2 ** 53, 1e300, undefined, null, {}, [], ['a'], () => 1],
    ...[Symbol('id'), new Date(0), new String('x'), /x/, new Map(), Buffer.from('..'), { toString: () => '..' }],
  ];

  it('has over a hundred hostile values to try', () => {
    expect(hostile.length).toBeGreaterThan(140);
  });

  it.each(hostile.map((value) => [value]))('refuses %j before anything is sent', (value) => {
    let error: unknown;
    try {
      fillPath('/users/:id', { id: value });
    } catch (thrown) {
      error = thrown;
    }
    expect(isRefused(error)).toBe(true);
    expect((error as Error).message).toContain('"id"');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
    expect((error as Error).message).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
  });

  const tricky = [
    ...[
      '%2e',
      '%2e%2e',
      '%2E.',
      '.%2e',
      '%2f',
      '%5c',
      '%00',
      '%',
      '%%',
      '%zz',
      '%25',
      '%252e%252e',
      '...',
      '. ',
      ' .',
      '..;',
      ';',
      '?',
      '#',
      '?x=1',
      '#x',
    ],
    ...[
      'a?b',
      'a#b',
      'a b',
      '+',
      '&',
      '=',
      '@',
      ':',
      ':id',
      '*',
      '(',
      ')',
      '~',
      '!',
      "'",
      '"',
      '<',
      '>',
      '`',
      '{',
      '}',
      '|',
      '^',
      '$',
      ',',
      '[::1]',
    ],
    ...[
      'http:',
      'http:%2f%2fevil',
      '__proto__',
      'constructor',
      'NaN',
      '-0',
      '0',
      'ä',
      'é',
      'e\u0301',
      '日本',
      '😀',
      '\u202e',
      '\ufeff',
      '\u2028',
      '．．',
      '／',
      '＼',
      '․․',
    ],
    ...Array.from({ length: 80 }, (_, index) => `${String.fromCharCode(0x21 + index)}..`).filter((text) => !/[/\\]/.test(text)),
  ];

  it.each(tricky.map((value) => [value]))('brings %j over as it is', (value) => {
    const url = new URL(fillPath('/users/:id/orders', { id: value }), 'http://h');
    expect(url.search + url.hash).toBe('');
    expect(serverReads('/users/:id/orders', url.pathname)).toEqual({ id: value });
  });

  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: fc.constantFrom('.', '/', '\\', '%', '2', 'e', 'E', 'f', '-', ';', '?', '#', ':', '\0', 'a', '\ud800') }),
    fc.constantFrom(...tricky),
  );
  const value = fc.oneof(text, fc.integer(), fc.double(), fc.bigInt(), fc.boolean());

  it('reaches its own route with the same parameters, or is refused, whatever the values are', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...templates),
        fc.dictionary(fc.constant('x'), value),
        fc.array(value, { minLength: 2, maxLength: 2 }),
        (template, _, values) => {
          const params = Object.fromEntries(parametersOf(template).map((name, index) => [name, values[index]]));
          let path: string;
          try {
            path = fillPath(template, params);
          } catch (error) {
            return isRefused(error);
          }
          const url = new URL(`http://host.example${path}?q`);
          const asText = Object.fromEntries(Object.entries(params).map(([name, each]) => [name, String(each)]));
          expect(url.host).toBe('host.example');
          expect(url.pathname).toBe(path);
          expect(serverReads(template, url.pathname)).toEqual(asText);
          const others = templates.filter(
            (other) => other.split('/').length !== template.split('/').length || !overlaps(other, template),
          );
          return others.every((other) => serverReads(other, url.pathname) === undefined);
        },
      ),
      { numRuns: 10_000 },
    );
  });
});

/** Templates that take the same paths by design: nobody can tell them apart by a value. */
function overlaps(a: string, b: string): boolean {
  const others = b.split('/');
  return a
    .split('/')
    .every((segment, index) => segment === others[index] || segment.startsWith(':') || others[index]?.startsWith(':'));
}
