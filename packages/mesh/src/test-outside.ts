import { Cancellation } from '@express-micro/core';
import type { MemoryNetwork, Place } from './testing/memory-network.ts';

/** Of these a `Response` takes no body (Fetch, "null body status"). */
const WITHOUT_BODY = new Set([101, 103, 204, 205, 304]);

/** What `fetch` does, to an app that listens nowhere. Redirects are answers like others. */
export async function outsideRequest(network: MemoryNetwork, place: Place, path: string, init?: RequestInit): Promise<Response> {
  const request = new Request(new URL(path, place.url), init);
  const { origin, pathname, search } = new URL(request.url);
  const cancellation = new Cancellation();
  const { signal } = request;
  const abort = (): void => cancellation.cancel(signal.reason as Error);
  signal.throwIfAborted();
  signal.addEventListener('abort', abort, { once: true });
  try {
    const body = request.body === null ? undefined : Buffer.from(await request.arrayBuffer());
    const answer = await network.request({
      origin,
      method: request.method,
      path: pathname + search,
      headers: [...request.headers].flat(),
      body,
      cancellation,
    });
    const headers = new Headers();
    for (const [name, values] of Object.entries(answer.headers))
      for (const value of [values ?? []].flat()) headers.append(name, value);
    return new Response(WITHOUT_BODY.has(answer.status) ? null : new Uint8Array(answer.body), { status: answer.status, headers });
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw new TypeError('fetch failed', { cause: error });
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
