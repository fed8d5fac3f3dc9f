import type { HandlingApp } from '@express-micro/core';

/** What Express's own methods say of themselves, in every version; a wrapper or another method does not say all of it. */
const IN_JSON = ['json escape', 'json replacer', 'json spaces', 'Content-Type', 'return this.send(body)'];
const IN_SEND = ['etag fn', 'generateETag', 'req.fresh', 'this.end(chunk, encoding)'];
const MAX_SOURCE = 4_000;

/**
 * What `res.json` of this app sends for a value, where that can be said without asking Express: its own method, and no
 * setting that changes the text. `undefined` otherwise.
 */
export function jsonOf(app: HandlingApp): ((value: unknown) => string | undefined) | undefined {
  const { json, send } = app.response as { json?: unknown; send?: unknown };
  if (!says(json, IN_JSON) || !says(send, IN_SEND)) return undefined;
  const settings = Reflect.get(app, 'settings') as Readonly<Record<string, unknown>>;
  return (value) => {
    if (settings['json escape'] || settings['json replacer'] || settings['json spaces']) return undefined;
    return JSON.stringify(value);
  };
}

function says(method: unknown, what: readonly string[]): boolean {
  if (typeof method !== 'function') return false;
  const source = Function.prototype.toString.call(method);
  return source.length <= MAX_SOURCE && what.every((part) => source.includes(part));
}
