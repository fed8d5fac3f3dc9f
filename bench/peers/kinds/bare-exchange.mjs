// The limit, not a peer: frames over one connection into Express's router, on objects that hold just what this one route
// touches. No HTTP, no proof of anybody, no deadline, balance, retry or limit of any kind; nobody could serve an app with it.
import { createServer, connect as dial } from 'node:net';
import express from 'express';
import { orderOf } from '../answer.mjs';

const HEADER_BYTES = 8;
const SLAB_BYTES = 65_536;

/** All frames of a turn in one write. A frame: length of its text, number of its call, text. */
function writer(socket) {
  let slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
  let start = 0;
  let end = 0;
  let isDue = false;
  const hand = () => {
    isDue = false;
    if (end > start) socket.write(slab.subarray(start, end));
    start = end;
  };
  return (call, text) => {
    if (end + HEADER_BYTES + text.length * 3 > slab.length) {
      hand();
      slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
      start = 0;
      end = 0;
    }
    const length = slab.utf8Write(text, end + HEADER_BYTES);
    slab.writeUInt32LE(length, end);
    slab.writeUInt32LE(call, end + 4);
    end += HEADER_BYTES + length;
    if (isDue) return;
    isDue = true;
    process.nextTick(hand);
  };
}

function read(socket, onFrame) {
  let rest = Buffer.alloc(0);
  socket.on('data', (chunk) => {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    while (bytes.length - at >= HEADER_BYTES) {
      const textAt = at + HEADER_BYTES;
      const end = textAt + bytes.readUInt32LE(at);
      if (end > bytes.length) break;
      onFrame(bytes.readUInt32LE(at + 4), bytes.utf8Slice(textAt, end));
      at = end;
    }
    rest = bytes.subarray(at);
  });
}

export function serve() {
  const app = express();
  app.get('/orders/:userId', (req, res) => {
    res.json(orderOf(req.params.userId));
  });
  function Request(url) {
    this.method = 'GET';
    this.url = url;
    this.headers = {};
  }
  // What Express would give them: it then finds nothing to change.
  Request.prototype = app.request;
  function Response(req, call, answer) {
    this.req = req;
    this.statusCode = 200;
    this.setHeader = () => {};
    this.json = (value) => answer(call, JSON.stringify(value));
  }
  Response.prototype = app.response;
  return new Promise((resolve) => {
    const server = createServer((socket) => {
      const answer = writer(socket.setNoDelay());
      read(socket, (call, url) => {
        const req = new Request(url);
        app(req, new Response(req, call, answer));
      });
    }).listen(0, '127.0.0.1', () => resolve(String(server.address().port)));
  });
}

export async function connect(port) {
  const socket = dial(Number(port), '127.0.0.1').setNoDelay();
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  const send = writer(socket);
  const waiting = new Map();
  let last = 0;
  read(socket, (call, text) => {
    const resolve = waiting.get(call);
    waiting.delete(call);
    resolve(JSON.parse(text));
  });
  return (userId) =>
    new Promise((resolve) => {
      last = (last + 1) % 0x1_0000_0000;
      waiting.set(last, resolve);
      send(last, `/orders/${userId}`);
    });
}
