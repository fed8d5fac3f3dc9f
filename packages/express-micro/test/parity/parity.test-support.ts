import type express from 'express';
import type { Observed } from './observed.test-support.ts';

/** One request as a case asks for it, before a way has put its own to it. */
export interface Ask {
  /** @default 'GET' */
  readonly method?: string;
  /** With the query, in the form that a URL has when it was encoded. */
  readonly path: string;
  /** In the order in which they are sent. A pair for each field, so that one may come twice. */
  readonly headers?: readonly (readonly [name: string, value: string])[];
  /** Several chunks are a body without a length. */
  readonly body?: string | Buffer | readonly (string | Buffer)[];
  /** What bare Express answers: a case that misses its route would compare nothing. Nothing when there is no answer. */
  readonly status: number | undefined;
  /** The caller goes away as soon as a handler has noted `waiting`. */
  readonly isCancelled?: boolean;
  /** The bytes of whole requests in place of all else but `status`, on a connection that the last of them closes. */
  readonly bytes?: string;
}

export interface Answer {
  /** `broken`: the connection ended before the answer did. */
  readonly outcome: 'whole' | 'broken' | 'cancelled';
  readonly status?: number;
  readonly statusMessage?: string;
  /** Names in small letters, every value of a field that came more than once, in their order. */
  readonly headers?: Readonly<Record<string, readonly string[]>>;
  readonly body?: Buffer;
  readonly trailers?: readonly string[];
  /** Answers on the way (1xx): the status and the names of the headers. */
  readonly hints?: readonly string[];
}

export interface Case {
  readonly name: string;
  /** A later one may take something from the answers before: a cookie, an ETag. */
  readonly asks: readonly (Ask | ((answers: readonly Answer[]) => Ask))[];
  /** Why no call can say this. Such a case is counted and printed for the ways that are calls. */
  readonly notByCall?: string;
  /** Only this version has it. */
  readonly only?: 'Express 4' | 'Express 5';
}

/** What a topic is given to declare its routes with. */
export interface Kit {
  readonly express: typeof express;
  readonly app: ReturnType<typeof express>;
  readonly version: 'Express 4' | 'Express 5';
  /** A folder with `page.html`, `data.bin`, `.hidden` and `sub/index.html`. */
  readonly files: string;
  /** Writes down what a handler saw; compared like the answer. */
  readonly note: Observed['note'];
}

export interface Topic {
  readonly name: string;
  readonly declare: (kit: Kit) => void;
  readonly cases: readonly Case[];
}

/** One way to reach an app of its own: all that differs from way to way stands behind this. */
export interface Way {
  send(ask: Ask): Promise<Answer>;
  readonly observed: Observed;
  /** Ports, clocks and what else changes with every request, written as one word; JSON in, JSON out. */
  normalise(compared: Compared): Compared;
  close(): Promise<void>;
}

export interface WayKind {
  readonly name: string;
  readonly isCall: boolean;
  /** Why the case of that name differs, where it is known to. */
  differs?(name: string, version: Kit['version']): string | undefined;
  /** What can be the same in this way: taken of what it gave and of what bare Express gave. JSON in, JSON out. */
  comparable(compared: Compared): Compared;
  open(topics: readonly Topic[], version: Kit['version'], files: string): Promise<Way>;
}

/** A request with nothing but a path. */
export function get(path: string, status: number | undefined, headers?: Readonly<Record<string, string>>): Ask {
  return { path, status, ...(headers && { headers: Object.entries(headers) }) };
}

export function ask(
  method: string,
  path: string,
  status: number | undefined,
  headers?: Readonly<Record<string, string>>,
  body?: Ask['body'],
): Ask {
  return { method, path, status, ...(headers && { headers: Object.entries(headers) }), ...(body !== undefined && { body }) };
}

/** Case of one request. */
export function one(name: string, request: Ask, more: Omit<Case, 'name' | 'asks'> = {}): Case {
  return { name, asks: [request], ...more };
}

/** The cookies that an answer set, as the next request gives them back. */
export function cookiesOf(answer: Answer | undefined): string {
  return (answer?.headers?.['set-cookie'] ?? []).map((cookie) => cookie.split(';', 1)[0]).join('; ');
}

export interface Compared {
  readonly answers: readonly unknown[];
  readonly seen: unknown;
}

/** Asks all of a case by one way: what came back and what the app saw, ready to be compared. */
export async function runCase(
  way: Way,
  { asks }: Case,
): Promise<Compared & { statuses: (number | undefined)[]; wanted: unknown[] }> {
  const answers: Answer[] = [];
  const wanted: unknown[] = [];
  way.observed.start();
  for (const each of asks) {
    const request = typeof each === 'function' ? each(answers) : each;
    wanted.push(request.status);
    answers.push(await way.send(request));
    await way.observed.settled();
  }
  const compared = way.normalise(plain({ answers, seen: way.observed.take() }) as Compared);
  return { ...compared, statuses: answers.map(({ status }) => status), wanted };
}

/** As JSON has it, with bytes as text that shows them all. */
function plain(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_key, each: unknown) => {
      const bytes = each as { type?: string; data?: number[] } | null;
      if (bytes?.type === 'Buffer' && Array.isArray(bytes.data)) return `bytes:${Buffer.from(bytes.data).toString('latin1')}`;
      return each;
    }),
  );
}

/** Every place where two values differ, with both, as a failure is best read. */
export function differences(actual: unknown, wanted: unknown, at = ''): string[] {
  if (isTable(actual) && isTable(wanted)) {
    const keys = new Set([...Object.keys(wanted), ...Object.keys(actual)]);
    return [...keys].flatMap((key) => differences(actual[key], wanted[key], at === '' ? key : `${at}.${key}`));
  }
  const [is, was] = [JSON.stringify(actual), JSON.stringify(wanted)];
  return is === was ? [] : [`${at}: ${is}, and on bare Express ${was}`];
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
