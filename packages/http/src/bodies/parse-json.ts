import { isUtf8 } from 'node:buffer';
import { AppError } from '../app-errors.ts';
import { type BodyLimits, DEFAULT_MAX_DEPTH, inspectBody, tooDeep } from './inspect-body.ts';
import { placeOfError } from './json-place.ts';
import { nestsDeeper } from './text-depth.ts';

export interface JsonLimits extends BodyLimits {
  readonly allowScalars: boolean;
}

/**
 * The JSON of a body. For parsers of other frameworks: `jsonBody()` answers the same.
 *
 * @throws AppError 400 `BODY_MALFORMED` with the place of the mistake as `data: { line, column }`, and nothing of the text;
 * `BODY_KEY_FORBIDDEN`, `BODY_TOO_DEEP`
 */
export function parseJson(body: Buffer | string, limits: Partial<JsonLimits> = {}): unknown {
  const text = typeof body === 'string' ? body : textOfBytes(body);
  const { maxDepth = DEFAULT_MAX_DEPTH } = limits;
  if (nestsDeeper(text, maxDepth)) throw tooDeep(maxDepth);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    const place = placeOfError(text);
    const where = place === undefined ? '' : `: line ${place.line}, column ${place.column}`;
    throw new AppError(`The body is not valid JSON${where}`, { status: 400, code: 'BODY_MALFORMED', data: place });
  }
  if (limits.allowScalars !== true && (typeof value !== 'object' || value === null)) {
    throw new AppError('The body is to be an object or an array', { status: 400, code: 'BODY_MALFORMED' });
  }
  inspectBody(value, limits);
  return value;
}

/** @throws AppError 400 `BODY_MALFORMED` where they are no UTF-8: a parser that mends that makes another text of it */
export function textOfBytes(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw new AppError('The body is not valid UTF-8', { status: 400, code: 'BODY_MALFORMED' });
  const hasMark = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  return bytes.toString('utf8', hasMark ? 3 : 0);
}
