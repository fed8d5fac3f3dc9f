import { Cancellation, type Clock, parseUntrustedJson } from '@express-micro/core';
import type { Credentials } from '../signing/credentials.ts';
import { type Transport, TransportFailure } from '../transport/transport.ts';

/** What came back from another member. Only a proven answer counts; whatever else an address says is silence. */
export type DiscoveryAnswer =
  | { readonly outcome: 'answered'; readonly instance: string; readonly body: Readonly<Record<string, unknown>> }
  /** Our own answer came back: the address is ours. */
  | { readonly outcome: 'self' }
  | { readonly outcome: 'refused' | 'silent'; readonly reason: string; readonly status?: number }
  /** The connection broke under the question: the process may have ended this moment. */
  | { readonly outcome: 'cut'; readonly reason: string };

interface DiscoveryRequest {
  /** Origin of the member, or of a seed of which only the address is known. */
  readonly url: string;
  readonly method: 'GET' | 'POST';
  /** `/_discovery/ping`, with its query if there is one. */
  readonly path: string;
  readonly body?: unknown;
  /** Id of the member that is meant: somebody else at the address does not answer for it. */
  readonly target: string | undefined;
  readonly timeoutMs: number;
}

/** Signed messages to other members. Never rejects: every way to fail is an answer. */
export type DiscoveryClient = (request: DiscoveryRequest) => Promise<DiscoveryAnswer>;

/** A list of 2,000 routes fits; an address that sends for ever does not. */
const MAX_ANSWER_BYTES = 1_048_576;

/**
 * Discovery messages are signed in both modes, never sent with the bearer: an address that is not a member learns nothing
 * that it could use.
 */
export function createDiscoveryClient(
  transport: Pick<Transport, 'request'>,
  credentials: Credentials,
  clock: Clock,
): DiscoveryClient {
  return async ({ url, method, path, body, target, timeoutMs }) => {
    const content = body === undefined ? undefined : JSON.stringify(body);
    const [pathname = path, query] = path.split('?');
    const line = { method, authority: new URL(url).host, path: pathname, query: `?${query ?? ''}` };
    const signature = credentials.sign(line, 'discovery', content, target);
    const cancellation = new Cancellation();
    const timer = clock.after(timeoutMs, () => cancellation.cancel(new Error(`no answer in ${timeoutMs} ms`)));
    const headers = Object.entries(signature).flat();
    if (content !== undefined) headers.push('content-type', 'application/json');
    try {
      const answer = await transport.request({
        origin: url,
        method,
        path,
        headers,
        body: content,
        cancellation,
        maxAnswerBytes: MAX_ANSWER_BYTES,
      });
      const sender = credentials.verifyAnswer({
        status: answer.status,
        headers: answer.headers,
        body: answer.body,
        request: signature,
        target,
      });
      if (sender === 'self') return { outcome: 'self' };
      if (sender === undefined)
        return { outcome: 'silent', reason: `status ${answer.status} without proof`, status: answer.status };
      if (answer.status !== 200) return { outcome: 'silent', reason: `status ${answer.status}` };
      return { outcome: 'answered', instance: sender.instance, body: asRecord(parseUntrustedJson(answer.body.toString('utf8'))) };
    } catch (error) {
      return { outcome: outcomeOf(error), reason: (error as Error).message };
    } finally {
      timer.stop();
    }
  };
}

function outcomeOf(error: unknown): 'refused' | 'cut' | 'silent' {
  if (!(error instanceof TransportFailure)) return 'silent';
  if (error.phase === 'refused') return 'refused';
  return error.phase === 'lost' ? 'cut' : 'silent';
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) throw new SyntaxError('not an object');
  return value as Readonly<Record<string, unknown>>;
}
