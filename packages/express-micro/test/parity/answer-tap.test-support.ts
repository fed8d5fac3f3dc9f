interface CallAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

type Reader = (request: unknown, answer: CallAnswer) => unknown;

let last: CallAnswer | undefined;

/**
 * Stands where an answer has left the transport and is about to become data or an error (`mesh/src/call/answer.ts`): there
 * alone the headers of an error and the bytes of JSON are still to be seen, whatever brought them.
 */
export function tapped<M extends Readonly<Record<string, unknown>>>(original: M): M {
  const tap = (name: string): Reader => {
    const read = original[name] as Reader;
    return (request, answer) => {
      last = answer;
      return read(request, answer);
    };
  };
  return { ...original, dataOf: tap('dataOf'), remoteError: tap('remoteError') };
}

/** The answer of the last call, once. */
export function takeTapped(): CallAnswer | undefined {
  const answer = last;
  last = undefined;
  return answer;
}
