// Hot path: every call passes here. Its bench: bench/link-cost.mjs
import { channel } from 'node:diagnostics_channel';
import type { Counters } from '../counters.ts';
import type { Answered, CallTransport, Transport, TransportAnswer, TransportRequest } from '../transport/transport.ts';
import { sayOwn } from '../wire.ts';
import type { LinkPool } from './link-pool.ts';
import { doorTo, LocalCall } from './local.ts';
import { MAX_REQUEST_BODY_BYTES, MAX_REQUEST_HEAD_BYTES } from './protocol.ts';

export interface ChoiceOptions {
  readonly http: Transport;
  /** `undefined` where everything goes over HTTP. */
  readonly links: LinkPool | undefined;
  readonly callerToken: (instance: string) => string;
  readonly counters: Counters;
}

/** Whoever listens here traces requests, and puts the trace on them: such calls stay where they are seen. */
const tracing = channel('undici:request:create');

/** Sends each call the shortest way there is to its instance: within the process, over a link, else over HTTP. */
export function chooseTransport({ http, links, callerToken, counters }: ChoiceOptions): CallTransport {
  const send = sendOverHttp(http, counters);
  const overHttp = (request: TransportRequest, answered: Answered): void => {
    send(request).then(
      (answer) => answered(answer, undefined),
      (failure: unknown) => answered(undefined, failure),
    );
  };
  if (links === undefined) return { ...http, request: overHttp, stream: streamOverHttp(http, counters) };
  const onNotForLink = (request: TransportRequest) => links.markNotForLink(request);

  return {
    request(request, answered) {
      const { instance } = request;
      if (instance === undefined || !isFit(request) || isForTracers(request)) return overHttp(request, answered);
      const door = doorTo(instance);
      if (door !== undefined) {
        const caller = links.isNotForLink(request) ? undefined : door.admit(callerToken(instance));
        if (caller === undefined) return overHttp(request, answered);
        counters.attemptsInProcess += 1;
        request.way = 'in-process';
        door.enter(new LocalCall(door, request, answered, onNotForLink), caller);
        return;
      }
      const link = links.linkFor(instance, request);
      if (link === undefined) return overHttp(request, answered);
      counters.attemptsOverLink += 1;
      request.way = 'link';
      link.request(request, answered);
    },
    stream: streamOverHttp(http, counters),
    forget(origin) {
      links.forget(origin);
      http.forget(origin);
    },
    renew() {
      links.renew();
      http.renew();
    },
    async close() {
      links.close();
      await http.close();
    },
  };
}

/** A call that has a span of its own has it on every way. */
function isForTracers({ isTraced }: TransportRequest): boolean {
  return tracing.hasSubscribers && isTraced !== true;
}

/** The proof of the caller is made where it is needed: a link has it already. */
export function sendOverHttp(http: Transport, counters: Counters): (request: TransportRequest) => Promise<TransportAnswer> {
  return async (request) => {
    prepare(request, counters);
    return http.request(request);
  };
}

function streamOverHttp(http: Transport, counters: Counters): Transport['stream'] {
  return async (request) => {
    prepare(request, counters);
    return http.stream(request);
  };
}

function prepare(request: TransportRequest, counters: Counters): void {
  if (request.instance !== undefined) counters.attemptsOverHttp += 1;
  request.way = 'http';
  if (request.own !== undefined) sayOwn(request.headers, request.own);
  request.prove?.(request.headers);
}

/** Large bodies gain nothing, and streams would have to be held. */
function isFit({ body, path }: TransportRequest): boolean {
  if (path.length > MAX_REQUEST_HEAD_BYTES / 2) return false;
  if (body === undefined) return true;
  if (typeof body === 'string')
    return body.length * 3 <= MAX_REQUEST_BODY_BYTES || Buffer.byteLength(body) <= MAX_REQUEST_BODY_BYTES;
  return body instanceof Uint8Array && body.length <= MAX_REQUEST_BODY_BYTES;
}
