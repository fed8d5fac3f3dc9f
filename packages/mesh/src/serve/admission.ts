// Hot path: every request to the app passes here. Its bench: bench/call-cost.mjs

import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  type AddressList,
  type Caller,
  type Clock,
  type Context,
  createExpiries,
  type Lifetime,
  type Random,
  runInContext,
} from '@express-micro/core';
import type { Counters } from '../counters.ts';
import type { Key } from '../secret/key-ring.ts';
import { CALLER_TOKEN } from '../signing/authorize.ts';
import type { Credentials } from '../signing/credentials.ts';
import type { SigningPurpose, Verified } from '../signing/signature.ts';
import type { Verdict } from '../trust/rules.ts';
import { CAME_AT_MS, DEADLINE, LINKED, type Linked, NOT_EXECUTED } from '../wire.ts';
import { clientAddress } from './addresses.ts';
import { answerJson, refuse, refuseUnrun } from './answers.ts';
import { hasBody, holdBody, readBody } from './body.ts';
import { answerDiscovery, DISCOVERY_PATH, type DiscoveryEndpoints } from './discovery.ts';
import type { InFlight } from './in-flight.ts';
import { readRemainingMs } from './remaining.ts';
import { type Arrival, beginServing, Serving, type ServingSurroundings, servingOf } from './serving.ts';
import type { Shedding } from './shedding.ts';
import { createTurn } from './turn.ts';

const SENDER = 'express-micro-sender';

/** Messages between members are small. */
const MAX_DISCOVERY_BYTES = 65_536;
/** A signed body is held until it is verified; larger ones are refused, because they would have to be held too. */
const MAX_SIGNED_BYTES = 10_485_760;

/** When somebody who was refused for overload may come again. Callers that balance ask another instance at once. */
const RETRY_AFTER_SECONDS = 1;

export type Next = (error?: unknown) => void;
export type Middleware = (req: IncomingMessage, res: ServerResponse, next: Next) => void;

export interface AdmissionOptions {
  readonly credentials: Credentials;
  readonly endpoints: DiscoveryEndpoints;
  readonly clock: Clock;
  readonly random: Random;
  readonly counters: Counters;
  readonly inFlight: InFlight;
  /** `undefined`: whatever comes is served. */
  readonly shedding: Shedding | undefined;
  /** With signing on, the bearer serves for an operator's look and for nothing else. */
  readonly isSigning: boolean;
  readonly allowed: AddressList | undefined;
  readonly trustedProxies: AddressList | undefined;
  /** Whether the connection shows, where that is asked, that it comes from who says to be this service. */
  readonly confirms: (req: IncomingMessage, service: string) => boolean;
  /** Whether a connection was verified by authorities that do not count any more: its next answer ends it. */
  readonly isFormer: (socket: object) => boolean;
  /** Whether a caller, if there is a verified one, may have this path; `undefined`: everybody may. */
  readonly decide: ((caller: string | undefined, path: string) => Verdict) | undefined;
}

export interface Admission {
  /** Stands before everything else of the app: answers discovery, verifies callers, opens the request's context. */
  readonly front: Middleware;
  /** A guard for routes that only verified services may call. */
  readonly internal: Middleware;
  /** From now on each answer ends its connection, so that none is cut when the server closes. */
  endConnections(): void;
  caller(req: IncomingMessage): Caller | undefined;
  /** What travels with a request; `undefined` for one that did not come through `front`. */
  context(req: IncomingMessage): Context | undefined;
  /** How long a request is worth working on; `undefined` for one that did not come through `front`. */
  lifetime(req: IncomingMessage): Lifetime | undefined;
  /** Whether a request from its address may reach what is the mesh's own. */
  isAllowed(req: IncomingMessage): boolean;
}

export function createAdmission(options: AdmissionOptions): Admission {
  const {
    credentials,
    endpoints,
    clock,
    random,
    counters,
    inFlight,
    shedding,
    allowed,
    trustedProxies,
    confirms,
    isFormer,
    decide,
  } = options;
  const turn = createTurn(clock);
  let isEndingConnections = false;
  const surroundings: ServingSurroundings = {
    clock,
    random,
    expire: createExpiries(clock),
    onEnd(serving, atMs) {
      inFlight.remove(serving);
      shedding?.onEnd(serving, atMs);
    },
  };

  function isAllowed(req: IncomingMessage): boolean {
    if (allowed === undefined) return true;
    return allowed.has(
      clientAddress({ socketAddress: req.socket.remoteAddress, forwardedFor: req.headers['x-forwarded-for'], trustedProxies }),
    );
  }

  function verify(req: IncomingMessage, purpose: SigningPurpose): ReturnType<Credentials['verify']> {
    // What was signed is what was sent: Express rewrites `url` below a mount path and keeps the whole in `originalUrl`.
    const target = (req as { originalUrl?: string }).originalUrl ?? req.url ?? '';
    const mark = target.indexOf('?');
    return credentials.verify({
      purpose,
      method: req.method ?? '',
      authority: req.headers.host ?? '',
      path: mark < 0 ? target : target.slice(0, mark),
      query: mark < 0 ? '?' : target.slice(mark),
      headers: req.headers,
      rawHeaders: req.rawHeaders,
      hasBody: hasBody(req),
    });
  }

  async function discovery(req: IncomingMessage, res: ServerResponse): Promise<void> {
    if (!isAllowed(req)) return refuse(res, 403);
    const [path = '', query] = (req.url ?? '').split('?', 2);
    const verdict = req.headers[SENDER] === undefined ? undefined : verify(req, 'discovery');
    const verified = verdict?.ok === true ? verdict : undefined;
    if (verdict?.ok === false && verdict.key !== undefined) return answerOurselves(req, res, verdict.key);
    if (verified === undefined && !hasBearer(req, path)) return refuse(res, 401);
    if (verified !== undefined && !confirms(req, verified.sender.service)) return refuse(res, 401);
    const body = await readBody(req, MAX_DISCOVERY_BYTES);
    if (body === 'aborted') return refuse(res, 503);
    if (body === 'too-large') return refuse(res, 413);
    if (verified !== undefined && !isDigestOf(verified, body)) return refuse(res, 401);
    const answer = await answerDiscovery(endpoints, {
      method: req.method ?? '',
      path,
      query: new URLSearchParams(query),
      body,
      sender: verified?.sender.instance,
    });
    const content = Buffer.from(JSON.stringify(answer.body));
    const { status } = answer;
    const proof = verified === undefined ? {} : credentials.signAnswer(verified, { status, body: content, request: req.headers });
    answerJson(res, status, content, answer.allow === undefined ? proof : { ...proof, allow: answer.allow });
  }

  /** A peer that was named to us is ourselves under another name: said with our signature, the question is settled. */
  function answerOurselves(req: IncomingMessage, res: ServerResponse, key: Key): void {
    const content = Buffer.from('{"status":"OK"}');
    answerJson(res, 200, content, credentials.signAnswer({ key }, { status: 200, body: content, request: req.headers }));
  }

  function hasBearer(req: IncomingMessage, path: string): boolean {
    const [scheme, token, ...more] = (req.headers.authorization ?? '').split(' ');
    if (scheme?.toLowerCase() !== 'bearer' || token === undefined || more.length > 0 || !credentials.acceptsBearer(token))
      return false;
    return !options.isSigning || path === `${DISCOVERY_PATH}/services`;
  }

  /** A signed call runs only when its whole body is here and is the one that was signed. */
  async function signedCall(req: IncomingMessage, res: ServerResponse, came: Arrival, next: Next): Promise<void> {
    const verified = verify(req, 'call');
    if (!verified.ok) return refuse(res, 401, NOT_EXECUTED);
    if (verified.contentDigest !== undefined) {
      const body = await holdBody(req, MAX_SIGNED_BYTES);
      if (body === 'aborted') return;
      if (body === 'too-large') return refuse(res, 413);
      if (!isDigestOf(verified, body)) return refuse(res, 401, NOT_EXECUTED);
    }
    confirm(req, res, came, verified.sender, next);
  }

  /** Where certificates are asked for, a name that none confirms counts for nothing. */
  function confirm(req: IncomingMessage, res: ServerResponse, came: Arrival, caller: Caller, next: Next): void {
    open(req, res, came, confirms(req, caller.service) ? caller : undefined, next);
  }

  function open(req: IncomingMessage, res: ServerResponse, came: Arrival, caller: Caller | undefined, next: Next): void {
    if (came.endsAtMs !== undefined && clock.monotonicMs() >= came.endsAtMs) {
      counters.expired += 1;
      refuseUnrun(res, 504);
      return;
    }
    const verdict = decide?.(caller?.service, pathOf(req));
    if (verdict !== undefined && verdict !== 'allowed') {
      counters.forbidden += 1;
      refuse(res, verdict === 'forbidden' ? 403 : 401);
      return;
    }
    const serving = new Serving(surroundings, req, res, came, caller);
    counters.served += 1;
    inFlight.add(serving);
    beginServing(serving);
    if (isEndingConnections) endConnection(serving);
    runInContext(serving, next);
  }

  function endConnection({ res }: Serving): void {
    if (!res.headersSent) res.setHeader('connection', 'close');
  }

  return {
    front(req, res, next) {
      const linked = (req as LinkedRequest)[LINKED];
      if (linked === undefined && isFormer(req.socket)) res.setHeader('connection', 'close');
      if (isDiscovery(req.url ?? '')) {
        discovery(req, res).catch(() => refuse(res, 503));
        return;
      }
      // Another app of this process, around us, has let it in; a proof was made out to that one.
      if (servingOf(req) !== undefined) {
        next();
        return;
      }
      const atMs = linked === undefined ? ((req as LinkedRequest)[CAME_AT_MS] ?? turn()) : (linked.cameAtMs ?? turn());
      if (shedding?.refuses(req, atMs)) {
        counters.shed += 1;
        refuseUnrun(res, 503, RETRY_AFTER_SECONDS);
        return;
      }
      const remainingMs = linked?.own === undefined ? readRemainingMs(req.headers[DEADLINE]) : linked.own.remainingMs;
      const came: Arrival = { atMs, endsAtMs: remainingMs === undefined ? undefined : atMs + remainingMs };
      if (linked !== undefined) {
        // Proven when the link was made, and the link takes no headers that prove anything.
        open(req, res, came, linked.caller, next);
      } else if (req.headers[SENDER] !== undefined) {
        signedCall(req, res, came, next).catch(next);
      } else {
        const token = req.headers[CALLER_TOKEN];
        const caller = token === undefined ? undefined : credentials.verifyCallerToken(String(token), credentials.nowSeconds());
        if (token !== undefined && caller === undefined) refuse(res, 401, NOT_EXECUTED);
        // Where calls are signed a token proves too little: it may pass, and counts for nothing.
        else if (caller === undefined || options.isSigning) open(req, res, came, undefined, next);
        else confirm(req, res, came, caller, next);
      }
    },

    endConnections() {
      isEndingConnections = true;
      inFlight.forEach(endConnection);
    },

    internal(req, res, next) {
      if (!isAllowed(req)) refuse(res, 403);
      else if (callerOf(req) !== undefined) next();
      else refuse(res, 401);
    },

    caller: callerOf,
    context: servingOf,
    lifetime: (req) => servingOf(req)?.lifetime,
    isAllowed,
  };
}

function pathOf({ url = '' }: IncomingMessage): string {
  const mark = url.indexOf('?');
  return mark < 0 ? url : url.slice(0, mark);
}

type LinkedRequest = IncomingMessage & { [LINKED]?: Linked; [CAME_AT_MS]?: number };

function callerOf(req: IncomingMessage): Caller | undefined {
  return servingOf(req)?.caller;
}

function isDiscovery(url: string): boolean {
  return (
    url.startsWith(DISCOVERY_PATH) &&
    (url.length === DISCOVERY_PATH.length || '/?'.includes(url[DISCOVERY_PATH.length] as string))
  );
}

function isDigestOf({ contentDigest }: Verified, body: Buffer): boolean {
  if (contentDigest === undefined) return body.length === 0;
  return timingSafeEqual(createHash('sha256').update(body).digest(), contentDigest);
}
