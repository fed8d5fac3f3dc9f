// Takes traces as a collector does: OTLP over HTTP (protobuf) and over gRPC, on one port each. For this example and the tests:
// it keeps spans in memory and shows them. https://opentelemetry.io/docs/specs/otlp/

import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import { gunzipSync } from 'node:zlib';

/** One field of a protobuf message after the other: its number, and what it holds. */
function* fieldsOf(bytes) {
  let at = 0;
  const skip = (count) => {
    at += count;
    return at - count;
  };
  const varint = () => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++];
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const tag = Number(varint());
    const kind = tag & 7;
    const number = tag >> 3;
    if (kind === 0) yield [number, varint()];
    else if (kind === 1) yield [number, bytes.readBigUInt64LE(skip(8))];
    else if (kind === 2) {
      const length = Number(varint());
      const from = skip(length);
      yield [number, bytes.subarray(from, from + length)];
    } else if (kind === 5) yield [number, bytes.readUInt32LE(skip(4))];
    else throw new Error(`a field of kind ${kind}`);
  }
}

/** Fields that come more than once are a list each. */
function message(bytes) {
  const found = {};
  for (const [number, value] of fieldsOf(bytes)) {
    found[number] ??= [];
    found[number].push(value);
  }
  return { all: (number) => found[number] ?? [], one: (number) => found[number]?.[0] };
}

function readValue(bytes) {
  for (const [number, value] of fieldsOf(bytes)) {
    if (number === 1) return value.toString('utf8');
    if (number === 2) return value === 1n;
    if (number === 3) return Number(BigInt.asIntN(64, value));
    if (number === 4) {
      const double = Buffer.alloc(8);
      double.writeBigUInt64LE(value);
      return double.readDoubleLE();
    }
    if (number === 5) return message(value).all(1).map(readValue);
  }
  return undefined;
}

function attributesOf(list) {
  return Object.fromEntries(
    list.map((bytes) => {
      const pair = message(bytes);
      return [pair.one(1).toString('utf8'), pair.one(2) === undefined ? undefined : readValue(pair.one(2))];
    }),
  );
}

const KINDS = ['', 'internal', 'server', 'client', 'producer', 'consumer'];

function spanOf(bytes, resource) {
  const span = message(bytes);
  const text = (number) => span.one(number)?.toString('utf8') ?? '';
  const status = span.one(15) === undefined ? undefined : message(span.one(15));
  return {
    service: resource['service.name'],
    resource,
    traceId: span.one(1).toString('hex'),
    spanId: span.one(2).toString('hex'),
    tracestate: text(3),
    parentSpanId: span.one(4)?.toString('hex') || undefined,
    name: text(5),
    kind: KINDS[Number(span.one(6) ?? 0n)],
    startMs: Number(span.one(7)) / 1e6,
    endMs: Number(span.one(8)) / 1e6,
    attributes: attributesOf(span.all(9)),
    events: span.all(11).map((event) => message(event).one(2).toString('utf8')),
    isError: status !== undefined && status.one(3) === 2n,
    problem: status?.one(2)?.toString('utf8'),
  };
}

/** ExportTraceServiceRequest → ResourceSpans → ScopeSpans → Span. */
function spansOf(body) {
  return message(body)
    .all(1)
    .flatMap((bytes) => {
      const group = message(bytes);
      const resource = attributesOf(group.one(1) === undefined ? [] : message(group.one(1)).all(1));
      return group.all(2).flatMap((scope) =>
        message(scope)
          .all(2)
          .map((span) => spanOf(span, resource)),
      );
    });
}

async function read(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Starts to listen; `http` and `grpc` are what `OTEL_EXPORTER_OTLP_ENDPOINT` takes. */
export async function startReceiver() {
  const spans = [];
  async function takeHttp(req, res) {
    const body = await read(req);
    spans.push(...spansOf(req.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body));
    res.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
  }
  async function takeGrpc(stream, headers) {
    const framed = await read(stream);
    // One message: a byte that says whether it is compressed, four for its length.
    const body = framed.subarray(5);
    spans.push(...spansOf(framed[0] === 1 ? gunzipSync(body) : body));
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.end(Buffer.alloc(5));
    if (!headers[':path'].endsWith('TraceService/Export')) throw new Error(`asked for ${headers[':path']}`);
  }
  const overHttp = createHttpServer((req, res) => void takeHttp(req, res)).listen(0, '127.0.0.1');
  const overGrpc = createHttp2Server()
    .on('stream', (stream, headers) => void takeGrpc(stream, headers))
    .listen(0, '127.0.0.1');
  const sessions = new Set();
  overGrpc.on('session', (session) => sessions.add(session.once('close', () => sessions.delete(session))));
  await Promise.all([once(overHttp, 'listening'), once(overGrpc, 'listening')]);
  return {
    spans,
    http: `http://127.0.0.1:${overHttp.address().port}`,
    grpc: `http://127.0.0.1:${overGrpc.address().port}`,
    close() {
      overHttp.close();
      overHttp.closeAllConnections();
      overGrpc.close();
      for (const session of sessions) session.destroy();
    },
  };
}
