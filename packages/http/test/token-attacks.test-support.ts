import { createHmac, createSign, generateKeyPairSync, type KeyObject } from 'node:crypto';

export const SECRET = 'T7q0Zb3xv9Lw2MfYk6Rj8Hn4Pd1Gs5Cu-W_eXoQaBi';
export const RSA = generateKeyPairSync('rsa', { modulusLength: 2_048 });
const MALLORY = generateKeyPairSync('rsa', { modulusLength: 2_048 });
export const pem = (key: KeyObject) => key.export({ type: 'spki', format: 'pem' }) as string;
export const usual = { issuer: 'https://id.test', audience: 'shop' };

export const encode = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
const forge = (header: unknown, claims: unknown, sign: (input: string) => string) => {
  const input = `${encode(header)}.${encode(claims)}`;
  return `${input}.${sign(input)}`;
};
export const hs =
  (secret: string | Buffer, hash = 'sha256') =>
  (input: string) =>
    createHmac(hash, secret).update(input).digest('base64url');
export const rs = (key: KeyObject) => (input: string) => createSign('RSA-SHA256').update(input).sign(key, 'base64url');
const seconds = () => Math.floor(Date.now() / 1_000);
const claims = (extra: object = {}) => ({
  sub: '42',
  iss: usual.issuer,
  aud: usual.audience,
  roles: ['admin'],
  iat: seconds(),
  exp: seconds() + 900,
  ...extra,
});

/** What is right for one kind of key, to be made wrong. */
export interface Target {
  readonly alg: string;
  readonly kid: string;
  sign(input: string): string;
}

type Attack = readonly [string, (target: Target) => string | Promise<string>];
export const signed = (header: object, extra?: object) => (target: Target) =>
  forge({ alg: target.alg, kid: target.kid, typ: 'JWT', ...header }, claims(extra), target.sign);
const mallorysJwk = { ...MALLORY.publicKey.export({ format: 'jwk' }), kid: 'm' };

export const ATTACKS: readonly Attack[] = [
  ['alg none, without a signature', () => forge({ alg: 'none' }, claims(), () => '')],
  ['alg None', () => forge({ alg: 'None' }, claims(), () => '')],
  ['alg nOnE, with a signature', (target) => forge({ alg: 'nOnE', kid: target.kid }, claims(), target.sign)],
  ['alg empty', (target) => forge({ alg: '' }, claims(), target.sign)],
  ['no alg', (target) => forge({ typ: 'JWT' }, claims(), target.sign)],
  ['alg a list', (target) => forge({ alg: ['HS256', 'RS256'] }, claims(), target.sign)],
  ['alg of the prototype', (target) => forge({ alg: 'constructor' }, claims(), target.sign)],
  ['signature cut off', (target) => `${signed({})(target).split('.').slice(0, 2).join('.')}.`],
  [
    'signature of another token',
    (target) => [...signed({})(target).split('.').slice(0, 2), signed({}, { sub: 'x' })(target).split('.')[2]].join('.'),
  ],
  ['one bit of the signature', (target) => signed({})(target).replace(/.{8}$/, 'AAAAAAAA')],
  [
    'claims changed',
    (target) => {
      const [head, , end] = signed({})(target).split('.');
      return [head, encode(claims({ sub: 'root' })), end].join('.');
    },
  ],
  ['key confusion: the public key as a secret', () => forge({ alg: 'HS256' }, claims(), hs(pem(RSA.publicKey)))],
  [
    'key confusion: the public key in DER',
    () => forge({ alg: 'HS256' }, claims(), hs(RSA.publicKey.export({ type: 'spki', format: 'der' }))),
  ],
  ['key confusion: the modulus', () => forge({ alg: 'HS256' }, claims(), hs(String(RSA.publicKey.export({ format: 'jwk' }).n)))],
  ['key confusion: RS256 against a secret', () => forge({ alg: 'RS256' }, claims(), rs(MALLORY.privateKey))],
  ['a weaker or stronger hash', () => forge({ alg: 'HS512' }, claims(), hs(SECRET, 'sha512'))],
  ['an empty secret', () => forge({ alg: 'HS256' }, claims(), hs(''))],
  ['a secret that many have', () => forge({ alg: 'HS256' }, claims(), hs('secret'))],
  ['another key', () => forge({ alg: 'RS256' }, claims(), rs(MALLORY.privateKey))],
  ['kid a path', (target) => forge({ alg: target.alg, kid: '../../../../dev/null' }, claims(), hs(''))],
  ['kid a path, signed rightly', signed({ kid: '/dev/null' })],
  ['kid SQL', signed({ kid: "' UNION SELECT 'secret' -- " })],
  ['kid a URL', signed({ kid: 'https://mallory.test/keys' })],
  ['kid a command', signed({ kid: '| id' })],
  ['kid of nobody', signed({ kid: 'unknown' })],
  ['kid of the prototype', signed({ kid: '__proto__' })],
  ['kid no text', signed({ kid: { $ne: null } })],
  ['kid a list', (target) => signed({ kid: [target.kid] })(target)],
  ['kid huge', signed({ kid: 'k'.repeat(4_000) })],
  ['jwk in the header', () => forge({ alg: 'RS256', jwk: mallorysJwk }, claims(), rs(MALLORY.privateKey))],
  [
    'jku in the header',
    () => forge({ alg: 'RS256', jku: 'https://mallory.test/jwks', kid: 'm' }, claims(), rs(MALLORY.privateKey)),
  ],
  ['x5u in the header', () => forge({ alg: 'RS256', x5u: 'https://mallory.test/cert' }, claims(), rs(MALLORY.privateKey))],
  [
    'x5c in the header',
    () =>
      forge(
        { alg: 'RS256', x5c: [MALLORY.publicKey.export({ type: 'spki', format: 'der' }).toString('base64')] },
        claims(),
        rs(MALLORY.privateKey),
      ),
  ],
  ['crit with something unknown', signed({ crit: ['exp'], exp: 1 })],
  ['crit with what changes nothing', signed({ crit: ['b64'], b64: true })],
  ['crit with b64', signed({ crit: ['b64'], b64: false })],
  [
    'b64 without crit, and the claims in clear',
    (target) => {
      const head = encode({ alg: target.alg, b64: false });
      return `${head}.{}.${target.sign(`${head}.{}`)}`;
    },
  ],
  ['typ of an ID token of another kind', signed({ typ: 'dpop+jwt' })],
  ['typ no text', signed({ typ: 7 })],
  ['__proto__ in the header', (target) => forge(`{"alg":"${target.alg}","__proto__":{"kid":"x"}}`, claims(), target.sign)],
  ['expired', signed({}, { exp: seconds() - 60 })],
  ['expired long ago', signed({}, { exp: 0 })],
  ['no exp', signed({}, { exp: undefined })],
  ['exp a text', signed({}, { exp: '9999999999' })],
  ['exp null', signed({}, { exp: null })],
  ['not yet', signed({}, { nbf: seconds() + 600 })],
  ['nbf a text', signed({}, { nbf: 'now' })],
  ['wrong audience', signed({}, { aud: 'bank' })],
  ['wrong audiences', signed({}, { aud: ['bank', 'shop2'] })],
  ['no audience', signed({}, { aud: undefined })],
  ['audience an object', signed({}, { aud: { shop: true } })],
  ['wrong issuer', signed({}, { iss: 'https://id.test.mallory.test' })],
  ['issuer in another case', signed({}, { iss: 'https://ID.test' })],
  ['issuer a list', signed({}, { iss: ['https://id.test'] })],
  ['no issuer', signed({}, { iss: undefined })],
  ['no sub', signed({}, { sub: undefined })],
  ['sub empty', signed({}, { sub: '' })],
  ['sub no text', signed({}, { sub: 42 })],
  ['sub huge', signed({}, { sub: 's'.repeat(2_000) })],
  ['roles no list', signed({}, { roles: { admin: true } })],
  ['claims a list', (target) => forge({ alg: target.alg }, [claims()], target.sign)],
  ['claims a text', (target) => forge({ alg: target.alg }, '"admin"', target.sign)],
  ['claims no JSON', (target) => forge({ alg: target.alg }, '{"sub":', target.sign)],
  [
    'claims no UTF-8',
    (target) => {
      const input = `${encode({ alg: target.alg })}.${Buffer.from([0xff, 0xfe]).toString('base64url')}`;
      return `${input}.${target.sign(input)}`;
    },
  ],
  ['huge', signed({}, { padding: 'x'.repeat(10_000) })],
  ['a JWE', () => `${encode({ alg: 'dir', enc: 'A256GCM' })}..${'A'.repeat(16)}.${'A'.repeat(16)}.${'A'.repeat(22)}`],
  ['no dots', () => 'a'.repeat(100)],
  ['dots only', () => '..'],
  ['four parts', (target) => `${signed({})(target)}.e30`],
  ['header no JSON', (target) => forge('{', claims(), target.sign)],
  ['header null', (target) => forge('null', claims(), target.sign)],
  ['header a list', (target) => forge('[]', claims(), target.sign)],
  ['padding', (target) => `${signed({})(target)}==`],
  ['base64 instead of base64url', (target) => signed({})(target).replace('.', '+/.')],
  ['empty', () => ''],
  ['another token behind it', (target) => `${signed({})(target)} ${signed({})(target)}`],
];
