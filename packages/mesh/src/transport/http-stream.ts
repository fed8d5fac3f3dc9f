import { Readable } from 'node:stream';
import type { Cancellation } from '@express-micro/core';
import { failure } from './http-failure.ts';
import { TransportFailure, type TransportRequest, type TransportStream } from './transport.ts';
import type { Controller, Handler } from './undici.ts';

/** One request whose answer is read as it comes; a slow reader slows the sender down. */
export class StreamExchange implements Handler {
  readonly #cancellation: Cancellation;
  readonly #explain: (failure: TransportFailure) => Error;
  readonly #resolve: (stream: TransportStream) => void;
  readonly #reject: (failure: TransportFailure) => void;
  #wasStarted = false;
  #body: Readable | undefined;

  constructor(
    request: TransportRequest,
    resolve: (stream: TransportStream) => void,
    reject: (failure: TransportFailure) => void,
  ) {
    const { cancellation } = request;
    this.#cancellation = cancellation;
    this.#explain = request.explain ?? ((cause) => cause);
    this.#resolve = resolve;
    this.#reject = reject;
    cancellation.listen((reason) => reject(new TransportFailure('cancelled', reason)));
  }

  onRequestStart(controller: Controller): void {
    this.#wasStarted = true;
    this.#cancellation.listen((reason) => controller.abort(reason));
  }

  onResponseStart(controller: Controller, status: number, headers: TransportStream['headers']): void {
    // 102 and 103 are words on the way; the answer is still to come.
    if (status < 200) return;
    let isOver = false;
    const body = new Readable({
      read: () => controller.resume(),
      destroy: (error, done) => {
        // A reader that goes away early ends the request; one that has read all of it has nothing to end.
        if (!isOver) controller.abort(error ?? new Error('the reader of the answer went away'));
        done(error);
      },
    });
    body.once('end', () => {
      isOver = true;
    });
    // Whoever reads it hears of its failure; a failure before that must not end the process.
    body.on('error', () => {});
    this.#body = body;
    const type = headers['content-type'];
    this.#resolve({ status, headers, body, contentType: typeof type === 'string' ? type : '' });
  }

  onResponseData(controller: Controller, chunk: Buffer): void {
    if (this.#body?.push(chunk) === false) controller.pause();
  }

  onResponseEnd(): void {
    this.#cancellation.listen(undefined);
    this.#body?.push(null);
  }

  onResponseError(_controller: Controller | undefined, error: Error): void {
    this.#cancellation.listen(undefined);
    const cause = failure(error, this.#cancellation, !this.#wasStarted, this.#body !== undefined);
    if (this.#body === undefined) this.#reject(cause);
    else this.#body.destroy(this.#explain(cause));
  }
}
