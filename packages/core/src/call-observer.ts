import type { Context } from './context.ts';

/**
 * The seam through which metrics and traces see the calls that this process makes to other services. It is part of a call
 * only while somebody observes: see `AppParts.mesh`.
 */
export interface CallObserver {
  /** A call begins. What it answers hears how it goes on; `undefined` where it is of no interest. */
  begin(call: ObservedCall): CallWatch | undefined;
}

export interface ObservedCall {
  /** The exact name of the service; as the caller wrote it where no such service is known. */
  readonly service: string;
  /** The function as the caller wrote it. */
  readonly function: string;
  /** `undefined` where the call failed before its route was known. */
  readonly method: string | undefined;
  /** The template of the path: `/orders/:id`. */
  readonly route: string | undefined;
  readonly requestId: string;
  /** Of the request that is being served. */
  readonly context: Context | undefined;
}

export interface CallWatch {
  /** An attempt is sent. What it answers is told of its end. */
  attempt?(attempt: ObservedAttempt): AttemptWatch | undefined;
  /** Once a call, with the head of the answer: how long a stream lasts only its reader knows. */
  end(end: CallEnd): void;
}

export interface ObservedAttempt {
  /** 1 is the first. */
  readonly number: number;
  readonly instance: string;
  readonly url: string;
}

export interface AttemptWatch {
  /** Sent with the attempt, names in small letters: `traceparent` and its like, in the place of those of the context. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  end(end: AttemptEnd): void;
}

/** How an attempt travelled: `undefined` where it was never sent. */
export type CallTransport = 'http' | 'link' | 'in-process';

interface End {
  /** Of the answer; `undefined` where there was none. */
  readonly status: number | undefined;
  /** `undefined` when it went well; else a code (`MESH_DEADLINE_EXCEEDED`), or the status of an answer from 400 on. */
  readonly errorType: string | undefined;
  readonly error: unknown;
  readonly durationMs: number;
}

export interface AttemptEnd extends End {
  readonly transport: CallTransport | undefined;
}

export interface CallEnd extends End {
  /** How often it was tried; 0 where nothing was sent. */
  readonly attempts: number;
  /** Who was tried last. */
  readonly instance: string | undefined;
}
