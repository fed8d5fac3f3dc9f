import type { Readable } from 'node:stream';
import type { Cancellation } from '@express-micro/core';
import type { OwnHeaders } from '../wire.ts';

export interface TransportRequest {
  /** `http://10.0.0.7:3001` */
  readonly origin: string;
  /** Id of the instance that is meant, where it is known: how it is reached may differ from one to the next. */
  readonly instance?: string;
  readonly method: string;
  /** Path and query, as they stand in the request line. */
  readonly path: string;
  /** Names and values in turn, without those that `own` stands for until it goes over HTTP. */
  readonly headers: string[];
  /** What a call says of itself. @default nothing, or it stands in the headers */
  readonly own?: OwnHeaders | undefined;
  readonly body: string | Uint8Array | Readable | undefined;
  readonly cancellation: Cancellation;
  /** Name of what is called, where it is known: some functions cannot go every way. */
  readonly route?: string;
  /** `false` where nobody looks at the headers of an answer of 2xx. @default true */
  readonly wantsHead?: boolean;
  /** Which way it went: written here by whoever sends it. */
  way?: 'http' | 'link' | 'in-process' | undefined;
  /** Its trace stands in its headers: whoever traces the transport adds nothing. @default false */
  readonly isTraced?: boolean;
  /** Adds to the headers what proves the caller, on a way that does not know him yet. */
  readonly prove?: (headers: string[]) => void;
  /** What the reader of a streamed body is told when it breaks off. @default the failure itself */
  readonly explain?: (failure: TransportFailure) => Error;
  /** Answers larger than this are refused. @default no limit */
  readonly maxAnswerBytes?: number;
}

export type AnswerHeaders = Readonly<Record<string, string | string[] | undefined>>;

export interface TransportAnswer {
  readonly status: number;
  readonly headers: AnswerHeaders;
  /** The field of that name, without reading the others; empty where there is none. */
  readonly contentType: string;
  readonly body: Buffer;
  /** The same as UTF-8, where the transport has it cheaper than through the body. */
  readonly text?: string;
}

export interface TransportStream {
  readonly status: number;
  readonly headers: AnswerHeaders;
  readonly contentType: string;
  readonly body: Readable;
}

/**
 * How far a request came before it failed.
 *
 * - `refused`: nobody listens at the address. Surely not executed.
 * - `unreachable`: no connection (name, route, time-out). Surely not executed.
 * - `lost`: the connection ended after the request may have been sent. It may have been executed.
 * - `cancelled`: by the cancellation, whose reason is the cause.
 */
export type FailurePhase = 'refused' | 'unreachable' | 'lost' | 'cancelled';

export class TransportFailure extends Error {
  readonly phase: FailurePhase;
  /** The head of an answer had come: the request was surely taken up. */
  readonly hadHead: boolean;
  constructor(phase: FailurePhase, cause: Error, hadHead = false) {
    super(`${phase}: ${cause.message}`, { cause });
    this.phase = phase;
    this.hadHead = hadHead;
  }
}

/** Told once what came of a request: an answer, or, where that is `undefined`, why there is none. */
export type Answered = (answer: TransportAnswer | undefined, failure: unknown) => void;

/** The same for calls, of which there are many: who is told needs no promise. */
export interface CallTransport extends Omit<Transport, 'request'> {
  /** `answered` is told later, or at once where it cannot be sent, and never throws. */
  request(request: TransportRequest, answered: Answered): void;
}

/** Moves bytes to an instance and back; knows nothing of services, routes or secrets. Rejects with {@link TransportFailure} only. */
export interface Transport {
  request(request: TransportRequest): Promise<TransportAnswer>;
  /** The same, with the body still to come. A failure after the headers is an error of the stream. */
  stream(request: TransportRequest): Promise<TransportStream>;
  /** Drops what is kept for an address that nobody will call again. */
  forget(origin: string): void;
  /** Connections over TLS are made anew, as they come to be needed; what is under way on those that there are ends there. */
  renew(): void;
  close(): Promise<void>;
}

/** Told when a connection was ended by the other side: often the first sign of its death. */
export type DisconnectListener = (origin: string) => void;
