import { isIP } from 'node:net';
import { deflateSync, gzipSync } from 'node:zlib';
import { isForbiddenKey, normalizeAddress, parseUntrustedJson } from '@express-micro/core';
import fc from 'fast-check';
import {
  change,
  changed,
  isSo,
  near,
  nearBytes,
  nearJson,
  orRefused,
  type Parser,
  parser,
  same,
} from '../../../fuzz/hostile-inputs.ts';
import { codingsOf, decodeBody } from './content-coding.ts';
import type { MeshError } from './errors.ts';
import { readKey } from './idempotency/request-key.ts';
import { isForbiddenAddress, isInstanceId, isServiceName, parseOrigin } from './identity.ts';
import { LinkAnswer } from './link/answer-codec.ts';
import { FrameReader } from './link/frame-reader.ts';
import { FrameWriter } from './link/frame-writer.ts';
import { LinkViolation, MAX_FRAME_BYTES, MAX_REQUEST_HEADERS } from './link/protocol.ts';
import { decodeRequestHead, encodeRequestHead } from './link/request-codec.ts';
import { SealedSink, Unsealer } from './link/seal.ts';
import { encodeClaim, parseClaims } from './membership/claims.ts';
import { parseMessage, parseReply } from './membership/message-codec.ts';
import { parseRouteList, routesHash } from './routes/list-codec.ts';
import { parseTemplate, serialiseTemplate } from './routes/path-template.ts';
import { MAX_TEMPLATE_LENGTH } from './routes/template-grammar.ts';
import { parseKeys } from './secret/key-ring.ts';
import { clientAddress, createAddressList } from './serve/addresses.ts';
import { readRemainingMs } from './serve/remaining.ts';
import { mintCallerToken, verifyCallerToken } from './signing/caller-token.ts';
import { digestField, parseContentDigest } from './signing/digest.ts';
import { BODY, CALL, CALLED, CALLER, FIRST_CONTACT, KEY, NOW, RING, received } from './signing/messages.test-support.ts';
import { formatParams, parseParams } from './signing/params.ts';
import { signResponse, verifyResponse } from './signing/response-signature.ts';
import { formatSender, parseSender } from './signing/sender.ts';
import { signRequest, verifyRequest } from './signing/signature.ts';
import { parseDnsName } from './sources/dns-names.ts';
import { type MemberRecord, parseRecord, writeRecord } from './sources/record.ts';
import { certificatesIn } from './trust/pem.ts';
import { allowOption } from './trust/rules.ts';
import { serviceOfSpiffeId, spiffeIdOf } from './trust/spiffe.ts';

export { failureOf } from '../../../fuzz/hostile-inputs.ts';

const isViolation = (error: unknown) => error instanceof LinkViolation;
const isPlainError = (error: unknown) =>
  error instanceof Error && !(error instanceof TypeError) && !(error instanceof RangeError);

const MEMBER = {
  id: CALLER,
  service: '@acme/cart',
  url: 'http://10.0.0.7:3000',
  incarnation: 3,
  status: 'ALIVE',
  routesHash: 'abc-_1',
  isSigning: true,
} as const;
const MESSAGE = {
  from: MEMBER,
  members: [{ ...MEMBER, status: 'SUSPECT', suspectedBy: [CALLED] }],
  digest: '0123456789abcdef',
  probe: CALLED,
  withinMs: 400,
  known: [`${CALLER}A3`],
  range: [CALLER, CALLED],
};
const REPLY = {
  status: 'OK',
  from: MEMBER,
  members: [MEMBER],
  digest: '0123456789abcdef',
  probed: 'silent',
  wants: [CALLED],
  hasMore: true,
};
const ROUTES = [
  { method: 'GET', paths: ['/users/:id', '/u/*rest'], handler: 'getUser' },
  { method: 'POST', paths: ['/x'], uncallable: 'a regular expression' },
];
const RECORD: MemberRecord = {
  id: CALLER,
  service: 'cart',
  url: 'http://10.0.0.7:3000',
  incarnation: 3,
  status: 'UP',
  routesHash: 'abc',
  isSigning: false,
  leaseMs: 9_000,
};
const MAX_MEMBERS = 50;

const COVERED = '("@method" "@authority")';
const TAG = 'express-micro-call';
const PARAMS = formatParams(COVERED, TAG, { created: NOW, nonce: 'AAAAAAAAAAAAAAAAAAAAAA', kid: 'k1' });
const SIGNED = signRequest(CALL);
const ASKED = signRequest(FIRST_CONTACT);
const ANSWER_BODY = Buffer.from('{"status":"OK"}');
const ANSWERED = signResponse({
  key: KEY,
  status: 200,
  body: ANSWER_BODY,
  sender: CALLED,
  senderService: 'orders',
  request: ASKED,
  createdSeconds: NOW,
});
const TOKEN = mintCallerToken({ key: KEY, service: '@acme/cart', instance: CALLER, target: CALLED, expiresSeconds: NOW + 60 });

/** One field of some that are right, changed. */
const oneChanged = (fields: Readonly<Record<string, string>>) =>
  fc
    .tuple(fc.constantFrom(...Object.keys(fields)), fc.array(change, { minLength: 1, maxLength: 3 }))
    .map(([name, changes]) => ({ name, value: changed(fields[name] ?? '', changes), was: fields[name] }));

const HEAD = encodeRequestHead('POST', '/users/7?x=1', ['content-type', 'application/json', 'x-request-id', 'abc']);
/** With the id of the call behind its first line. */
const SHORT_HEAD = 'GET /orders/7\n0190a1b2-c3d4\nx-a:b';
const ANSWER_HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nX-A: 1\r\nX-A: 2\r\n\r\n';

function written(write: (writer: FrameWriter) => void): Buffer {
  const chunks: Buffer[] = [];
  const writer = new FrameWriter({ write: (bytes) => chunks.push(Buffer.from(bytes)) }, () => {});
  write(writer);
  writer.flush();
  return Buffer.concat(chunks);
}
const FRAMES = written((writer) => {
  writer.frame(1, 3, 7, 0, HEAD, '{"a":1}');
  writer.frame(9, 0, 0, 0, '', '');
  writer.frame(2, 1, 7, 200, ANSWER_HEAD, 'x'.repeat(300));
});
const SEAL_KEY = Buffer.alloc(32, 7);
const CONTENT = Buffer.from('the first write and the second one');
const SEALED = sealed([CONTENT.subarray(0, 15), CONTENT.subarray(15)]);
function sealed(writes: readonly Buffer[]): Buffer {
  const chunks: Buffer[] = [];
  const socket = { cork() {}, uncork() {}, write: (bytes: Uint8Array) => chunks.push(Buffer.from(bytes)) };
  const sink = new SealedSink(socket as never, SEAL_KEY);
  for (const bytes of writes) sink.write(bytes);
  return Buffer.concat(chunks);
}

/** Hands over bytes in pieces, as a network does. */
function inPieces(bytes: Buffer, size: number, push: (piece: Buffer) => void): void {
  for (let at = 0; at < bytes.length; at += size) push(bytes.subarray(at, at + size));
}

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

function hasForbiddenKey(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Object.keys(value).some(isForbiddenKey) || Object.values(value).some(hasForbiddenKey);
}

const SECRET = 'a-secret-nobody-may-see-0123456789';
const PROXIES = createAddressList(['10.0.0.0/8', '::1'], 'trustedProxies');
const RULES = allowOption(isServiceName).read({ payments: { '/': ['orders'], '/refunds': ['support'] } });
const CERTIFICATE = `-----BEGIN CERTIFICATE-----\n${'A'.repeat(64)}\n-----END CERTIFICATE-----\n`;
const GZIPPED = gzipSync('{"answer":[1,2,3]}'.repeat(50));
const MAX_DECODED = 10_000;

export const PARSERS: readonly Parser[] = [
  parser(
    'untrusted JSON',
    near(JSON.stringify(MESSAGE), `${'['.repeat(40)}${']'.repeat(40)}`, '{"__proto__":{"a":1}}'),
    (json) => {
      const value = orRefused(
        () => parseUntrustedJson(json),
        (error) => error instanceof SyntaxError,
      );
      isSo(depthOf(value) <= 32 && !hasForbiddenKey(value), 'too deep, or a forbidden key');
    },
  ),
  parser('membership message', nearJson(MESSAGE), (value) => {
    const read = parseMessage(value, CALLER, MAX_MEMBERS);
    if (typeof read === 'string') return;
    isSo((read.members?.length ?? 0) <= MAX_MEMBERS && (read.known?.length ?? 0) <= MAX_MEMBERS, 'too many');
    isSo(read.from === undefined || read.from.id === CALLER, 'somebody else’s word');
    same(parseMessage(JSON.parse(JSON.stringify(read)), CALLER, MAX_MEMBERS), read, 'read again');
  }),
  parser('membership answer', nearJson(REPLY), (value) => {
    if (typeof value !== 'object' || value === null) return;
    const read = parseReply(value as Record<string, unknown>, CALLER, MAX_MEMBERS);
    isSo(read.from === undefined || read.from.id === CALLER, 'somebody else’s word');
    for (const { id, service, url } of read.members ?? [])
      isSo(isInstanceId(id) && isServiceName(service) && parseOrigin(url) === url, 'no member');
    same(parseReply(JSON.parse(JSON.stringify(read)), CALLER, MAX_MEMBERS), read, 'read again');
  }),
  parser('table lines', fc.array(near(`${CALLER}A3`, `${CALLED}L12`), { maxLength: 60 }), (lines) => {
    const claims = parseClaims(lines, MAX_MEMBERS);
    isSo(claims.length <= MAX_MEMBERS && claims.every(({ incarnation }) => Number.isSafeInteger(incarnation)), 'no claims');
    same(parseClaims(claims.map(encodeClaim), MAX_MEMBERS), claims, 'read again');
  }),
  parser('route list', fc.array(fc.oneof(...ROUTES.map(nearJson)), { maxLength: 5 }), (value) => {
    const routes = orRefused(() => parseRouteList(value), isPlainError);
    if (routes === undefined) return;
    same(parseRouteList(JSON.parse(JSON.stringify(routes))), routes, 'read again');
    isSo(routesHash(routes).length === 43, 'no hash');
  }),
  parser('path template', near('/users/:id', '/files/*path', '/a/:"x y"-:b.:c', '/caf%C3%A9/'), (source) => {
    const template = orRefused(() => parseTemplate(source), isPlainError);
    if (template === undefined) return;
    const again = serialiseTemplate(template.segments);
    // Encoded it may be longer than anything that is taken.
    if (again.length > MAX_TEMPLATE_LENGTH) return;
    same(parseTemplate(again).segments, template.segments, 'read again');
  }),
  parser('signature parameters', near(PARAMS), (value) => {
    const read = parseParams(value, COVERED, TAG, true);
    if (read !== undefined) isSo(formatParams(COVERED, TAG, read) === value, 'two texts for one meaning');
  }),
  parser('signature headers of a request', oneChanged(SIGNED), ({ name, value, was }) => {
    const { ok } = verifyRequest(received(CALL, { ...SIGNED, [name]: value }));
    isSo(ok === (value === was), `${name}: ${ok ? 'taken' : 'refused'}`);
  }),
  parser('signature headers of an answer', oneChanged(ANSWERED), ({ name, value, was }) => {
    const headers = { ...ANSWERED, [name]: value };
    const { ok } = verifyResponse({ ring: RING, status: 200, headers, body: ANSWER_BODY, request: ASKED, self: CALLER });
    isSo(ok === (value === was), `${name}: ${ok ? 'taken' : 'refused'}`);
  }),
  parser('content digest', near(digestField(Buffer.alloc(32, 1)), BODY), (field) => {
    const read = parseContentDigest(field);
    if (read !== undefined) isSo(digestField(read) === field, 'two texts for one digest');
  }),
  parser('sender', near(`@acme/cart/${CALLER}`, `cart/${CALLER}`), (field) => {
    const read = parseSender(field);
    if (read !== undefined) isSo(formatSender(read.service, read.instance) === field && isServiceName(read.service), 'no sender');
  }),
  parser('caller token', near(TOKEN), (token) => {
    const sender = verifyCallerToken(RING, token, { self: CALLED, nowSeconds: NOW });
    isSo((sender !== undefined) === (token === TOKEN), sender === undefined ? 'refused' : 'taken');
  }),
  parser('link frames', fc.tuple(nearBytes(FRAMES), fc.integer({ min: 1, max: 500 })), ([bytes, size]) => {
    let total = 0;
    const reader = new FrameReader({
      onFrame: (_kind, _stream, chunk, at, body, end) => {
        isSo(at <= body && body <= end && end <= chunk.length && end - at <= MAX_FRAME_BYTES, 'a frame outside of its bytes');
        total += end - at;
      },
    });
    orRefused(() => inPieces(bytes, size, (piece) => reader.push(piece)), isViolation);
    isSo(total <= bytes.length, 'more than came');
  }),
  parser('sealed records of a link', fc.tuple(nearBytes(SEALED), fc.integer({ min: 1, max: 90 })), ([bytes, size]) => {
    const got: Buffer[] = [];
    const unsealer = new Unsealer(SEAL_KEY, (content) => got.push(Buffer.from(content)));
    orRefused(() => inPieces(bytes, size, (piece) => unsealer.push(piece)), isViolation);
    const all = Buffer.concat(got);
    isSo(CONTENT.subarray(0, all.length).equals(all), 'something else than was sealed');
  }),
  parser('head of a request over a link', fc.tuple(near(HEAD, 'GET /', SHORT_HEAD), fc.boolean()), ([head, isShort]) => {
    const read = orRefused(() => decodeRequestHead(head, 'here', undefined, isShort ? 7 : undefined), isViolation);
    if (read === undefined) return;
    const raw = read.rawHeaders.slice(4);
    isSo(raw.length % 2 === 0 && raw.length <= 2 * (MAX_REQUEST_HEADERS + 1), 'too many headers');
    isSo(/^[A-Z-]+$/.test(read.method) && /^\/[^\s]*$/.test(read.url), 'no request line');
    for (const part of raw) isSo(!/[\r\n\0]/.test(part), 'a line within a header');
    for (let at = 0; at < raw.length; at += 2)
      isSo(
        !/^(host|content-length|transfer-encoding|express-micro-(caller|sender|target))$/i.test(raw[at] ?? ''),
        'a header that proves',
      );
  }),
  parser(
    'head of an answer over a link',
    fc.oneof(near(ANSWER_HEAD), fc.constantFrom('\r\nx'.repeat(20_000), '\r\n:'.repeat(20_000), '\r\na:'.repeat(15_000))),
    (head) => {
      const bytes = Buffer.from(head, 'latin1');
      const answer = new LinkAnswer(200, false, bytes, 0, bytes.length, bytes.length);
      isSo(typeof answer.contentType === 'string' && answer.body.length === 0, 'no answer');
      for (const value of Object.values(answer.headers)) isSo(!/\r\n/.test(String(value)), 'a line within a header');
    },
  ),
  parser('key list', near(`k1:${SECRET},k2:${SECRET}2`, SECRET, `default:a:${SECRET}`), (list) => {
    const ring = orRefused(
      () => parseKeys(list),
      (error) => (error as MeshError).code === 'MESH_KEY_INVALID' && !(error as Error).message.includes('nobody-may-see'),
    );
    if (ring === undefined) return;
    isSo(
      ring.keys.length <= 16 &&
        ring.keys.every(({ kid, secret }) => /^[\w-]{1,32}$/.test(kid) && /^[\x21-\x7e]{16,1024}$/.test(secret)),
      'no keys',
    );
    isSo(ring.acceptsBearer(ring.primary.secret) && !ring.acceptsBearer(''), 'no ring');
    isSo(!JSON.stringify(ring.keys).includes(ring.primary.secret), 'a secret that shows');
  }),
  parser('record of a registry', near(writeRecord(RECORD)), (value) => {
    const record = parseRecord(value);
    if (record !== undefined) same(parseRecord(writeRecord(record)), record, 'read again');
  }),
  parser('DNS name', near('orders.shop.svc.cluster.local:3000', '_http._tcp.orders.shop', 'a:1'), (value) => {
    const name = parseDnsName(value);
    if (name === undefined) return;
    isSo(/^[\w.-]+$/.test(name.name) && (name.kind === 'service' || (name.port > 0 && name.port < 65_536)), 'no name');
  }),
  parser(
    'origin',
    near('http://10.0.0.7:3000', 'https://orders.example', 'http://[::1]:80', 'http://0xa9fea9fe', 'http://[::ffff:169.254.1.1]'),
    (value) => {
      const origin = parseOrigin(value);
      if (origin === undefined) return;
      const { hostname, username, pathname } = new URL(origin);
      const address = hostname.replace(/^\[(.*)\]$/, '$1');
      isSo(parseOrigin(origin) === origin && username === '' && pathname === '/', 'no origin');
      isSo(isIP(address) === 0 || !isForbiddenAddress(address), 'an address at which no service is');
    },
  ),
  parser('service name', near('@acme/orders', 'orders', 'then'), (value) => {
    isSo(!isServiceName(value) || (value.length <= 214 && !/[\s\0%?#\\:"]/.test(value) && !isForbiddenKey(value)), 'no name');
  }),
  parser('deadline header', near('1500', '0', '2147483647', '2147483648'), (header) => {
    const ms = readRemainingMs(header);
    isSo(ms === undefined || (/^\d+$/.test(header) && ms === Number(header) && ms <= 2_147_483_647), 'no time');
  }),
  parser('Idempotency-Key', near('"8e03978e-40d5-43dd-bc93-6894a57f9324"', 'plain', '""'), (header) => {
    const key = readKey(header);
    isSo(key === false || (typeof key === 'string' && /^[\x21-\x7e]{1,255}$/.test(key) && header.includes(key)), 'no key');
  }),
  parser(
    'SPIFFE names',
    near(
      'URI:spiffe://shop.example/orders',
      'DNS:a.b, URI:spiffe://shop.example/ns/x/sa/orders, IP Address:127.0.0.1',
      'DNS:"a, URI:spiffe://shop.example/orders"',
    ),
    (names) => {
      const id = spiffeIdOf(names);
      const service = id === undefined ? undefined : serviceOfSpiffeId(id, 'shop.example');
      if (service === undefined) return;
      isSo(/^[\w.-]+$/.test(service) && service !== '..' && id === undefined ? false : names.includes(`URI:${id}`), 'no service');
      // A quoted value is somebody else's text, whatever stands in it.
      isSo(names.replace(/"(?:[^"\\]|\\.)*"/g, '').includes(`URI:${id}`), 'a name from within another one');
    },
  ),
  parser('certificates in PEM', near(CERTIFICATE, CERTIFICATE + CERTIFICATE), (pem) => {
    orRefused(
      () => certificatesIn(pem),
      (error) => error instanceof Error,
    );
  }),
  parser(
    'X-Forwarded-For',
    near('192.0.2.1, 10.0.0.9', '[2001:db8::1]:5000, ::ffff:10.1.1.1', 'fe80::1%eth0'),
    (forwardedFor) => {
      const client = clientAddress({ socketAddress: '10.0.0.1', forwardedFor, trustedProxies: PROXIES });
      isSo(client === undefined || (isIP(client) !== 0 && normalizeAddress(client) === client), 'no address');
    },
  ),
  parser('rules of paths', near('/refunds', '/refunds/7', '/REFUNDS%2f7', '/x/../refunds'), (path) => {
    const verdict = RULES?.decide('payments', 'orders', path);
    const decoded = orRefused(
      () => decodeURIComponent(path),
      () => true,
    );
    const isGuarded = [path, decoded].some((one) => /^\/refunds(\/|$)/i.test(one ?? ''));
    if (isGuarded) isSo(verdict === 'forbidden', 'a way around a rule');
  }),
  parser(
    'compressed answer',
    fc.tuple(
      fc.oneof(nearBytes(GZIPPED), nearBytes(deflateSync('{}'.repeat(5_000_000)))),
      near('gzip', 'deflate', 'br', 'gzip, deflate, br', 'identity'),
    ),
    ([body, field]) => {
      const decoded = orRefused(
        () => decodeBody(body, codingsOf({ 'content-encoding': field }), MAX_DECODED),
        (error) => error instanceof Error,
      );
      isSo(decoded === undefined || decoded === body || decoded.length <= MAX_DECODED, 'too large');
    },
  ),
];
