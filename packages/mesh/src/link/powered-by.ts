// Hot path: every answer over a link. Its bench: bench/link-cost.mjs
import { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

type Headers = Record<string, [name: string, value: unknown]>;
type Response = ServerResponse & { _header: string | null; [symbol: symbol]: unknown };
type SetHeader = (this: Response, name: string, value: unknown) => unknown;

const NAME = 'X-Powered-By';
const VALUE = 'Express';
const KEY = 'x-powered-by';

/** Where Node keeps the headers that were set: `undefined` where it does not keep them as it did when this was written. */
export const OUT_HEADERS: symbol | undefined = findOutHeaders();
/** Node's own, or whatever stood there before us. */
const native: unknown = ServerResponse.prototype.setHeader;

function findOutHeaders(): symbol | undefined {
  const res = new ServerResponse(new IncomingMessage(undefined as unknown as Socket)) as Response;
  const symbol = Object.getOwnPropertySymbols(res).find(({ description }) => description === 'kOutHeaders');
  if (symbol === undefined || res[symbol] !== null) return undefined;
  res.setHeader(NAME, VALUE);
  const [entry, ...others] = Object.entries((res[symbol] ?? {}) as Headers);
  return JSON.stringify(entry) === JSON.stringify([KEY, [NAME, VALUE]]) && others.length === 0 ? symbol : undefined;
}

/** What Node's table of headers is after Express has said its name, with room that V8 has planned. */
const Powered = function Powered(this: Headers) {
  this[KEY] = [NAME, VALUE];
} as unknown as { new (): Headers };
Powered.prototype = Object.create(null);

/**
 * Express names itself on every answer, before anything else. Node looks at name and value as if it had never seen them and
 * begins a dictionary, which costs a small answer as much as the rest of its birth. Everything else is Node's to set.
 */
export function createSetHeader(response: object): SetHeader | undefined {
  const inherited = (response as { setHeader?: SetHeader }).setHeader;
  if (OUT_HEADERS === undefined || inherited === undefined || inherited !== native) return undefined;
  const headers = OUT_HEADERS;
  return function setHeader(name, value) {
    if (name === NAME && value === VALUE && this[headers] === null && this._header === null) {
      this[headers] = new Powered();
      return this;
    }
    return inherited.call(this, name, value);
  };
}
