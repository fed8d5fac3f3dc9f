// Requests that no honest client would send, each with what must be true of its answer.

/** @typedef {import('../security/chance.mjs').Chance} Chance */
/**
 * @typedef {object} Hostile
 * @property {'body' | 'query' | 'token' | 'header' | 'path'} kind
 * @property {string} method
 * @property {string} path
 * @property {Record<string, string | string[]>} headers
 * @property {Buffer} [body]
 * @property {number} [status] the only one that is right
 */

const KEYS = [
  'email',
  'password',
  'refreshToken',
  'sku',
  'name',
  'priceCents',
  'maxCents',
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'length',
  'x',
  '',
];
const LEAVES = [
  null,
  true,
  0,
  -1,
  1e308,
  2 ** 53,
  '',
  'ada@shop.test',
  'tea-1',
  '\u0000',
  '\ud800',
  '<script>',
  "' OR 1=1 --",
  '../../etc/passwd',
  '{{7*7}}',
  'x'.repeat(3_000),
];
const TYPES = [
  'application/json',
  'application/json; charset=utf-8',
  'application/json; charset=utf-7',
  'application/vnd.api+json',
  'text/plain',
  'multipart/form-data; boundary=x',
  'application/x-www-form-urlencoded',
  'application/problem+json',
  '*/*',
  ';',
  'x'.repeat(500),
];
const HEADERS = [
  'accept',
  'accept-encoding',
  'accept-language',
  'authorization',
  'cache-control',
  'cookie',
  'content-encoding',
  'content-type',
  'forwarded',
  'host',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'origin',
  'range',
  'referer',
  'te',
  'traceparent',
  'tracestate',
  'user-agent',
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-http-method-override',
  'x-request-id',
  'x-request-timeout-ms',
];

/** @param {Chance} chance @param {number} depth @returns {string} */
function json(chance, depth) {
  if (depth === 0 || chance.isSo(0.3)) return JSON.stringify(chance.oneOf(LEAVES));
  const size = chance.below(5);
  if (chance.isSo(0.3)) return `[${Array.from({ length: size }, () => json(chance, depth - 1)).join(',')}]`;
  return `{${Array.from({ length: size }, () => `${JSON.stringify(chance.oneOf(KEYS))}:${json(chance, depth - 1)}`).join(',')}}`;
}

/** @param {Chance} chance @param {number} most */
const bytes = (chance, most) => Buffer.from(Array.from({ length: chance.below(most) }, () => chance.below(256)));

/** What a header can hold at all: the rest Node's client does not send. @param {Chance} chance @param {number} most */
const headerText = (chance, most) =>
  String.fromCharCode(
    ...Array.from({ length: chance.below(most) }, () =>
      chance.isSo(0.1) ? 0x80 + chance.below(0x80) : 0x20 + chance.below(0x5f),
    ),
  );

/** @param {Chance} chance */
function body(chance) {
  switch (chance.below(6)) {
    case 0:
      return Buffer.from('['.repeat(chance.below(5_000)));
    case 1:
      return Buffer.from('{"a":'.repeat(chance.below(2_000)));
    case 2:
      return bytes(chance, 300);
    case 3: {
      const text = json(chance, 5);
      return Buffer.from(text.slice(0, chance.below(text.length + 1)));
    }
    case 4:
      return Buffer.from(
        `{"email":${json(chance, 1)},"password":${json(chance, 1)},"sku":${json(chance, 1)},"name":${json(chance, 1)},"priceCents":${json(chance, 1)},"refreshToken":${json(chance, 1)}}`,
      );
    default:
      return Buffer.from(json(chance, 6));
  }
}

/** @param {Chance} chance */
function query(chance) {
  const part = () => {
    const key = chance.oneOf([
      ...KEYS,
      '__proto__[x]',
      'constructor[prototype][x]',
      'maxCents[]',
      'maxCents[a]',
      'a[b][c][d][e][f][g]',
    ]);
    const value = chance.oneOf([...LEAVES.map(String), '%', '%00', '%zz', '%c0%af', '%ed%a0%80', '1e9', 'NaN', '0x10']);
    return `${chance.isSo(0.5) ? encodeURIComponent(key) : key}=${/[^!-~]|#/.test(value) ? encodeURIComponent(wellFormed(value)) : value}`;
  };
  return Array.from({ length: chance.below(chance.isSo(0.02) ? 300 : 6) }, part)
    .join('&')
    .replace(/[^!-~]/g, '_')
    .slice(0, 12_000);
}

/** Half a character cannot be percent-encoded. @param {string} text */
const wellFormed = (text) => text.replace(/[\ud800-\udfff]/g, '\ufffd');

/** @param {object} value */
const coded = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A token that is nearly one; each must be refused. @param {Chance} chance @param {string} token */
function spoiled(chance, token) {
  const [head = '', claims = '', signature = ''] = token.split('.');
  const said = JSON.parse(Buffer.from(claims, 'base64url').toString());
  const kid = chance.oneOf([
    '../../dev/null',
    "x' UNION SELECT 'key'",
    'http://127.0.0.1:1/keys',
    '\u0000',
    'x'.repeat(2_000),
    7,
    null,
    {},
  ]);
  switch (chance.below(12)) {
    case 0:
      return `${coded({ alg: chance.oneOf(['none', 'None', 'NONE', 'nOnE', '']), typ: 'JWT' })}.${claims}.`;
    case 1:
      return `${coded({ alg: 'HS256', typ: 'JWT', kid })}.${claims}.${bytes(chance, 33).toString('base64url')}`;
    case 2:
      return `${coded({ alg: chance.oneOf(['RS256', 'ES256', 'EdDSA', 'HS512', 'PS256', 'A256KW', 256, null]), typ: 'JWT' })}.${claims}.${signature}`;
    case 3:
      return `${head}.${coded({ ...said, exp: 1 })}.${signature}`;
    case 4:
      return `${head}.${coded({ ...said, roles: ['admin', 'root'], sub: 'u9' })}.${signature}`;
    case 5:
      return `${coded({ alg: 'HS256', jwk: { kty: 'oct', k: 'AA' }, jku: 'http://127.0.0.1:1', x5u: 'http://127.0.0.1:1', crit: ['b64'], b64: false })}.${claims}.${signature}`;
    case 6:
      return `${head}.${claims}.${'A'.repeat(chance.below(11_000))}`;
    case 7:
      return `${head}.${claims}`;
    case 8:
      return `${token}.${signature}`;
    case 9: {
      const at = chance.below(token.length - 2);
      // The last character of a signature has bits that say nothing.
      const other = token[at] === 'A' ? 'B' : 'A';
      return `${token.slice(0, at)}${other}${token.slice(at + 1)}`;
    }
    case 10:
      return headerText(chance, 300).replaceAll(',', '').trim() || '.';
    default:
      return `${coded(JSON.parse('{"alg":"HS256","__proto__":{"alg":"none"}}'))}.${coded(JSON.parse('{"__proto__":{"sub":"u2"}}'))}.${signature}`;
  }
}

/** @param {Chance} chance @param {string} token of somebody who may do everything @returns {Hostile} */
export function hostileRequest(chance, token) {
  const from = `10.${chance.below(256)}.${chance.below(256)}.${chance.below(256)}`;
  const headers = { 'x-forwarded-for': from };
  const share = chance.below(10);
  if (share < 4) {
    const path = chance.oneOf(['/login', '/refresh', '/products', '/products', '/products/tea-1', '/nowhere']);
    const own = { 'content-type': chance.isSo(0.8) ? 'application/json' : chance.oneOf(TYPES), authorization: `Bearer ${token}` };
    const coding = chance.isSo(0.05) ? { 'content-encoding': chance.oneOf(['gzip', 'br', 'deflate', 'x', 'gzip, gzip']) } : {};
    return {
      kind: 'body',
      method: chance.isSo(0.9) ? 'POST' : chance.oneOf(['PUT', 'PATCH', 'DELETE']),
      path,
      headers: { ...headers, ...own, ...coding },
      body: body(chance),
    };
  }
  if (share < 6) return { kind: 'query', method: 'GET', path: `/products?${query(chance)}`, headers };
  if (share < 8) {
    const said = spoiled(chance, token);
    return { kind: 'token', method: 'GET', path: '/me', headers: { ...headers, authorization: `Bearer ${said}` }, status: 401 };
  }
  if (share < 9) {
    /** @type {Record<string, string | string[]>} */
    const own = {};
    for (let count = 1 + chance.below(5); count > 0; count--) {
      own[chance.oneOf(HEADERS)] = chance.isSo(0.1) ? [headerText(chance, 50), headerText(chance, 50)] : headerText(chance, 400);
    }
    const { host: _host, ...rest } = own;
    return {
      kind: 'header',
      method: chance.oneOf(['GET', 'HEAD', 'OPTIONS']),
      path: chance.oneOf(['/products', '/products/tea-1', '/me', '/analytics/events']),
      headers: { ...headers, ...rest },
    };
  }
  const raw = bytes(chance, 60)
    .toString('latin1')
    .replace(/[^!-~]/g, (c) => `%${c.charCodeAt(0).toString(16).padStart(2, '0')}`);
  const path = chance.oneOf([
    `/products/${raw}`,
    `/products/${encodeURIComponent(wellFormed(String(chance.oneOf(LEAVES))))}`,
    '/products/%',
    '/products/%2e%2e%2f',
    '/%00',
    '//products',
    '/products/__proto__',
    '/analytics/events/..%2f',
    `/${raw}`,
  ]);
  return { kind: 'path', method: 'GET', path: path.replace(/[^!-~]/g, '_').replaceAll('#', ''), headers };
}
