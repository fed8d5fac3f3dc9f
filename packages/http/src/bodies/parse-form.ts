import { isForbiddenKey } from '@express-micro/core';
import { AppError } from '../app-errors.ts';
import { type BodyLimits, forbiddenKey, tooDeep } from './inspect-body.ts';
import { textOfBytes } from './parse-json.ts';

export interface FormLimits extends BodyLimits {
  readonly maxParameters: number;
}

/** A value while it is put together. An object is made an array at the end, where all its keys are `0`, `1`, … */
type Node = string | Node[] | { [key: string]: Node };

/**
 * The pairs of a form (WHATWG URL, application/x-www-form-urlencoded): `a=1&a=2` and `a[]=1&a[]=2` are lists, `a[0]=…` too where no place
 * is left out, `a[b][c]=1` is an object. Values are strings.
 *
 * @throws AppError 400 `BODY_MALFORMED`, `BODY_KEY_FORBIDDEN`, `BODY_TOO_DEEP`; 413 `BODY_TOO_LARGE`
 */
export function parseForm(body: Buffer, { maxDepth, maxParameters }: FormLimits): Record<string, unknown> {
  const text = textOfBytes(body);
  countPairs(text, maxParameters);
  const form: { [key: string]: Node } = {};
  for (const [name, value] of new URLSearchParams(text)) {
    const path = pathOf(name);
    if (path.length > maxDepth) throw tooDeep(maxDepth);
    put(form, path, value);
  }
  for (const name of Object.keys(form)) form[name] = withLists(form[name] as Node);
  return form;
}

/** Before anything is made of them. */
function countPairs(text: string, maxParameters: number): void {
  let count = 1;
  for (let at = text.indexOf('&'); at >= 0; at = text.indexOf('&', at + 1)) count += 1;
  if (count > maxParameters) {
    const message = `The form has more than ${maxParameters} fields`;
    throw new AppError(message, { status: 413, code: 'BODY_TOO_LARGE', data: { maxParameters } });
  }
}

/** `a[b][]` → `a`, `b`, ``. What is no such path is a name as it stands: `a]b[`. */
function pathOf(name: string): string[] {
  const open = name.indexOf('[');
  if (open <= 0 || !name.endsWith(']')) return [name];
  const inner = name.slice(open + 1, -1).split('][');
  return inner.some((part) => part.includes('[') || part.includes(']')) ? [name] : [name.slice(0, open), ...inner];
}

function put(form: { [key: string]: Node }, path: readonly string[], value: string): void {
  let place = form;
  for (const [depth, key] of path.entries()) {
    if (isForbiddenKey(key)) throw forbiddenKey(key);
    const isLast = depth === path.length - 1;
    const isList = path[depth + 1] === '' && depth === path.length - 2;
    const there = Object.hasOwn(place, key) ? place[key] : undefined;
    if (isLast || isList) {
      place[key] = there === undefined ? (isList ? [value] : value) : joined(there, value);
      return;
    }
    if (there === undefined) place = place[key] = {};
    else if (typeof there === 'object' && !Array.isArray(there)) place = there;
    else throw contradiction();
  }
}

function joined(there: Node, value: string): Node {
  if (Array.isArray(there)) {
    there.push(value);
    return there;
  }
  if (typeof there === 'object') throw contradiction();
  return [there, value];
}

function contradiction(): AppError {
  return new AppError('A field of the form is given as a value and as an object', { status: 400, code: 'BODY_MALFORMED' });
}

function withLists(node: Node): Node {
  if (typeof node === 'string' || Array.isArray(node)) return node;
  const keys = Object.keys(node);
  for (const key of keys) node[key] = withLists(node[key] as Node);
  // Keys that are whole numbers come in their order.
  return keys.length > 0 && keys.every((key, at) => key === String(at)) ? keys.map((key) => node[key] as Node) : node;
}
