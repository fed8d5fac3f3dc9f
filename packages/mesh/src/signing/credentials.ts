// Hot path: every call passes here on both sides. Its bench: bench/call-cost.mjs
import { createHmac } from 'node:crypto';
import type { Clock, Random } from '@express-micro/core';
import type { Key, KeyRing } from '../secret/key-ring.ts';
import { CALLER_TOKEN_SECONDS, type CallerTokenVerifier, createCallerTokenVerifier, mintCallerToken } from './caller-token.ts';
import { createNonceSource, createNonceStore } from './nonce-store.ts';
import { type ResponseToSign, signResponse, verifyResponse } from './response-signature.ts';
import type { Sender } from './sender.ts';
import { type RequestLine, type RequestToVerify, type SigningPurpose, signRequest, verifyRequest } from './signature.ts';
import { type HeaderFields, SIGNATURE } from './signature-base.ts';

type VerifyInput = Omit<RequestToVerify, 'ring' | 'self' | 'nowSeconds' | 'nonces'>;

/** One process's side of every proof: it holds who we are, the keys of this moment and what was seen before. */
export interface Credentials {
  sign(
    line: RequestLine,
    purpose: SigningPurpose,
    body: Uint8Array | string | undefined,
    target: string | undefined,
  ): Record<string, string>;
  verify(input: VerifyInput): ReturnType<typeof verifyRequest>;
  signAnswer(
    verified: { readonly key: Key },
    answer: Pick<ResponseToSign, 'status' | 'body' | 'request'>,
  ): Record<string, string>;
  /** Who gave this answer to the request whose signature fields are given: `undefined` when nobody proves it. */
  verifyAnswer(answer: {
    status: number;
    headers: RequestToVerify['headers'];
    body: Uint8Array;
    request: Record<string, string>;
    target: string | undefined;
  }): Sender | 'self' | undefined;
  /** A short-lived token that names us to one instance. */
  callerToken(target: string): string;
  readonly verifyCallerToken: CallerTokenVerifier;
  acceptsBearer(candidate: string): boolean;
  nowSeconds(): number;
  /** Two secrets that only the two ends of this exchange can know, of which one made the answer's signature with that key. */
  linkKeys(kid: string, request: HeaderFields, answer: HeaderFields): { toServer: Buffer; toCaller: Buffer } | undefined;
  /** The keys of this moment: another ring after each rotation. */
  ring(): KeyRing;
}

/** Instances remembered with a key other than ours: all that a table holds. */
const MAX_OTHERS = 4096;
/** Tokens are renewed half-way, so that none ends on its way. */
const TOKEN_RENEWAL_SECONDS = CALLER_TOKEN_SECONDS / 2;

export function createCredentials(options: {
  readonly instance: string;
  readonly service: string;
  readonly ring: () => KeyRing;
  readonly clock: Clock;
  readonly random: Random;
}): Credentials {
  const { instance, service, ring, clock, random } = options;
  const nonces = createNonceStore();
  const nextNonce = createNonceSource(random);
  const tokens = new Map<string, { ring: KeyRing; token: string; renewSeconds: number }>();
  const keysOfOthers = new Map<string, Key>();
  const nowSeconds = () => Math.floor(clock.epochMs() / 1000);

  /**
   * In the midst of a rotation not everybody knows every key; whoever has signed with one surely does. So a process that
   * was started with the new key alone is understood, and understands, before the others sign with it themselves.
   */
  function keyFor(target: string | undefined): Key {
    const { keys, primary, isRetired } = ring();
    const known = target === undefined ? undefined : keysOfOthers.get(target);
    // A key that was taken away is never kept alive by two who go on using it with each other.
    return known !== undefined && keys.includes(known) && !isRetired(known) ? known : primary;
  }

  function remember(other: string, key: Key): void {
    keysOfOthers.delete(other);
    if (key === ring().primary) return;
    const [oldest] = keysOfOthers.keys();
    if (keysOfOthers.size >= MAX_OTHERS && oldest !== undefined) keysOfOthers.delete(oldest);
    keysOfOthers.set(other, key);
  }

  return {
    nowSeconds,
    ring,

    linkKeys(kid, request, answer) {
      const [key] = ring().find(kid);
      const proofs = [request[SIGNATURE], answer[SIGNATURE]];
      if (key === undefined || proofs.some((proof) => typeof proof !== 'string')) return undefined;
      const secret = createHmac('sha256', key.call)
        .update(`express-micro-link\n${proofs.join('\n')}`)
        .digest();
      const derive = (what: string) => createHmac('sha256', secret).update(what).digest();
      return { toServer: derive('to the server'), toCaller: derive('to the caller') };
    },

    sign: (line, purpose, body, target) =>
      signRequest({
        ...line,
        purpose,
        body,
        target,
        key: keyFor(target),
        sender: instance,
        senderService: service,
        createdSeconds: nowSeconds(),
        nonce: nextNonce(),
      }),

    verify(input) {
      const verdict = verifyRequest({ ...input, ring: ring(), self: instance, nowSeconds: nowSeconds(), nonces });
      if (verdict.ok && input.purpose === 'discovery') remember(verdict.sender.instance, verdict.key);
      return verdict;
    },

    signAnswer: ({ key }, answer) =>
      signResponse({ ...answer, key, sender: instance, senderService: service, createdSeconds: nowSeconds() }),

    verifyAnswer({ status, headers, body, request, target }) {
      const verdict = verifyResponse({ ring: ring(), status, headers, body, request, self: instance, expectedSender: target });
      if (verdict.ok) return verdict.sender;
      return verdict.reason === 'own message' ? 'self' : undefined;
    },

    callerToken(target) {
      const now = nowSeconds();
      const current = ring();
      const kept = tokens.get(target);
      if (
        kept !== undefined &&
        kept.ring === current &&
        now < kept.renewSeconds &&
        now >= kept.renewSeconds - TOKEN_RENEWAL_SECONDS
      ) {
        return kept.token;
      }
      for (const [id, { renewSeconds }] of tokens) if (now >= renewSeconds) tokens.delete(id);
      const token = mintCallerToken({
        key: keyFor(target),
        service,
        instance,
        target,
        expiresSeconds: now + CALLER_TOKEN_SECONDS,
      });
      tokens.set(target, { ring: current, token, renewSeconds: now + TOKEN_RENEWAL_SECONDS });
      return token;
    },

    verifyCallerToken: createCallerTokenVerifier({ ring, self: instance }),
    acceptsBearer: (candidate) => ring().acceptsBearer(candidate),
  };
}
