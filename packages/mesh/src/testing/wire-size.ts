import { systemClock, systemRandom } from '@express-micro/core';
import { encodeQuestion } from '../membership/message-codec.ts';
import type { PeerReply } from '../membership/messages.ts';
import type { Question } from '../membership/participant.ts';
import { parseKeys } from '../secret/key-ring.ts';
import { createCredentials } from '../signing/credentials.ts';

/** How long messages are on the wire: start line, heads, signature and body. */
export interface WireSize {
  question(question: Pick<Question, 'kind' | 'url' | 'target' | 'message'>): number;
  answer(reply: PeerReply): number;
}

/** What Node and undici write by themselves. */
const OF_UNDICI = ['connection: keep-alive'];
const OF_NODE = ['Date: Fri, 20 Nov 2026 13:43:04 GMT', 'Connection: keep-alive', 'Keep-Alive: timeout=65'];

/** Signs with the code that signs in production, so that a longer signature is a longer message here too. */
export function createWireSize(service: string): WireSize {
  const ring = parseKeys('wire-size-of-a-secret-that-nobody-has');
  const clock = { ...systemClock, epochMs: () => 1_700_000_000_000 };
  const credentials = createCredentials({ instance: 'a'.repeat(32), service, ring: () => ring, clock, random: systemRandom });
  const line = { method: 'POST', authority: '10.0.0.1:3000', path: '/_discovery/ping', query: '?' };
  const request = credentials.sign(line, 'discovery', undefined, 'b'.repeat(32));

  return {
    question({ kind, url, target, message }) {
      const { path, body } = encodeQuestion(kind, message);
      const content = body === undefined ? undefined : JSON.stringify(body);
      const [pathname = path, query = ''] = path.split('?');
      const authority = new URL(url).host;
      const signature = credentials.sign(
        { ...line, authority, path: pathname, query: `?${query}` },
        'discovery',
        content,
        target,
      );
      const type = content === undefined ? [] : ['content-type: application/json'];
      return lengthOf([`POST ${path} HTTP/1.1`, `host: ${authority}`, ...OF_UNDICI, ...linesOf(signature), ...type], content);
    },
    answer(reply) {
      const body = JSON.stringify(reply);
      const signature = credentials.signAnswer({ key: ring.primary }, { status: 200, body: Buffer.from(body), request });
      return lengthOf(['HTTP/1.1 200 OK', 'content-type: application/json', ...linesOf(signature), ...OF_NODE], body);
    },
  };
}

function linesOf(headers: Readonly<Record<string, string>>): string[] {
  return Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
}

function lengthOf(head: readonly string[], body = ''): number {
  const length = Buffer.byteLength(body);
  return [...head, `content-length: ${length}`, '', ''].join('\r\n').length + length;
}
