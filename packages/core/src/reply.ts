import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { AnswerHead } from './failed-answer.ts';

/** What is needed of Fastify's reply, which keeps headers of its own beside those of Node's response. */
export interface Reply {
  readonly raw: ServerResponse;
  getHeader(name: string): unknown;
  getHeaders(): object;
  header(name: string, value: string): unknown;
  removeHeader(name: string): unknown;
}

/** The headers of both as one. */
export function headOfReply(reply: Reply): AnswerHead {
  return {
    // Guards speak to Node's response, and hooks to Fastify's.
    getHeader: (name) => [reply.getHeader(name), reply.raw.getHeader(name)].flatMap((each) => each ?? []),
    setHeader: (name, value) => reply.header(name, value),
    removeHeader(name) {
      reply.removeHeader(name);
      reply.raw.removeHeader(name);
    },
  };
}

/**
 * Has an answer that is written to Node's response, past Fastify, take along what hooks in front have put on the reply (CORS,
 * policies), as it would on Express. Answers how to end that: from there on Fastify answers by itself.
 */
export function carryHeaders(reply: Reply): () => void {
  const { raw } = reply;
  const { writeHead } = raw;
  let isOver = false;
  // It stays: what was put around it in the meantime calls it.
  raw.writeHead = function writeCarriedHead(this: ServerResponse, ...args: unknown[]) {
    if (!isOver) addHeaders(raw, reply.getHeaders() as OutgoingHttpHeaders, namesOf(args.at(-1)));
    isOver = true;
    return Reflect.apply(writeHead, this, args);
  } as ServerResponse['writeHead'];
  return () => {
    isOver = true;
  };
}

function addHeaders(raw: ServerResponse, headers: OutgoingHttpHeaders, given: ReadonlySet<string>): void {
  if (raw.headersSent) return;
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && !raw.hasHeader(name) && !given.has(name)) raw.setHeader(name, value);
  }
}

/** Of headers as `writeHead` takes them: an object, or a list of names and values in turn. */
function namesOf(given: unknown): ReadonlySet<string> {
  if (typeof given !== 'object' || given === null) return new Set();
  const names = Array.isArray(given) ? given.filter((_name, at) => at % 2 === 0) : Object.keys(given);
  return new Set(names.map((name) => String(name).toLowerCase()));
}
