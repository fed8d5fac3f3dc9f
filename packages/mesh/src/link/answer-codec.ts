// Hot path: every answer over a link. Its bench: bench/link-cost.mjs
import { addField, type Fields } from '../transport/fields.ts';
import type { AnswerHeaders, TransportAnswer } from '../transport/transport.ts';

/** As Express writes it for `res.json`. */
const JSON_TYPE = 'application/json; charset=utf-8';
const JSON_LINE = `\r\nContent-Type: ${JSON_TYPE}\r\n`;

export function isJsonHead(head: string): boolean {
  return head.includes(JSON_LINE);
}

/** The answer to a call, its head as HTTP writes it; most callers look at one field or none, so it is read when somebody asks. */
export class LinkAnswer implements TransportAnswer {
  readonly status: number;
  private readonly isJson: boolean;
  /** The head stands before `bodyAt`, the body up to `end`: a Buffer of each costs more than most callers read of it. */
  private readonly bytes: Buffer;
  private readonly headAt: number;
  private readonly bodyAt: number;
  private readonly end: number;
  private parsed: AnswerHeaders | undefined = undefined;

  constructor(status: number, isJson: boolean, bytes: Buffer, headAt: number, bodyAt: number, end: number) {
    this.status = status;
    this.isJson = isJson;
    this.bytes = bytes;
    this.headAt = headAt;
    this.bodyAt = bodyAt;
    this.end = end;
  }

  /** Of an answer in pieces. */
  static of(status: number, isJson: boolean, head: string, body: Buffer): LinkAnswer {
    const answer = new LinkAnswer(status, isJson, body, 0, 0, body.length);
    if (head !== '') answer.parsed = parseHead(head);
    return answer;
  }

  get body(): Buffer {
    return this.bytes.subarray(this.bodyAt, this.end);
  }

  get text(): string {
    return this.bytes.utf8Slice(this.bodyAt, this.end);
  }

  get headers(): AnswerHeaders {
    this.parsed ??= this.headAt === this.bodyAt ? this.sparse() : parseHead(this.bytes.latin1Slice(this.headAt, this.bodyAt));
    return this.parsed;
  }

  /** What is known of a head that was not sent. */
  private sparse(): AnswerHeaders {
    return { 'content-type': JSON_TYPE, 'content-length': String(this.end - this.bodyAt) };
  }

  get contentType(): string {
    if (this.isJson) return JSON_TYPE;
    const type = this.headers['content-type'];
    return typeof type === 'string' ? type : (type?.[0] ?? '');
  }
}

/** Names in small letters; a field that came more than once is a list: as the HTTP transport gives them. */
function parseHead(head: string): AnswerHeaders {
  const headers: Fields = {};
  for (let at = head.indexOf('\r\n') + 2; at > 1; ) {
    const end = head.indexOf('\r\n', at);
    if (end <= at) break;
    const line = head.slice(at, end);
    at = end + 2;
    const colon = line.indexOf(':');
    // No field: HTTP's own parser would end the connection for it.
    if (colon < 1) continue;
    const name = line.slice(0, colon).toLowerCase();
    const value = trim(line.slice(colon + 1));
    addField(headers, name, value);
  }
  return headers;
}

/** Blanks around a value belong to the wire; other white space of JavaScript does not. */
function trim(value: string): string {
  return value.replace(/^[ \t]+|[ \t]+$/g, '');
}
