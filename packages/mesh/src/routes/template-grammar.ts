import { isForbiddenKey } from '@express-micro/core';

/**
 * The grammar of paths that the mesh speaks: literal text, `:name`, `*name`, and names in quotes (`:"foo-bar"`).
 *
 * Templates come from other processes, so they are read by a hand-written parser with hard limits and never become a
 * regular expression.
 */
export const MAX_TEMPLATE_LENGTH: number = 1024;
const MAX_TEMPLATE_SEGMENTS: number = 64;
const MAX_TEMPLATE_PARAMETERS: number = 32;

type TemplatePart =
  /** Literal text as it stands in a URL: what a URL cannot carry is percent-encoded already. */
  | { readonly kind: 'text'; readonly text: string }
  /** `:name`: one segment, or a part of one. */
  | { readonly kind: 'parameter'; readonly name: string }
  /** `*name`: one or more segments. */
  | { readonly kind: 'wildcard'; readonly name: string };

export type TemplateSegment = readonly TemplatePart[];

export interface PathTemplate {
  readonly source: string;
  readonly segments: readonly TemplateSegment[];
  /** Names of parameters and wildcards, in the order of the path. */
  readonly parameters: readonly string[];
}

const IDENTIFIER = /^[A-Za-z_$][\w$]*/;
const WHOLE_IDENTIFIER = /^[A-Za-z_$][\w$]*$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const FORBIDDEN = /[\u0000-\u001f\u007f-\u009f?#\\]/;
/** Half a pair: it has no bytes in UTF-8, and `encodeURIComponent` throws on it. */
export const LONE_SURROGATE: RegExp = /\p{Surrogate}/u;
/** What may stand in a path as it is (RFC 3986, pchar) is everything but this. */
const NOT_PATH_CHARACTER = /[^A-Za-z0-9\-._~!$&'()*+,;=:@%]|%(?![0-9A-Fa-f]{2})/gu;

/** @throws Error that says what is wrong with the template */
export function parseTemplate(source: string): PathTemplate {
  if (source.length > MAX_TEMPLATE_LENGTH) throw refused(source, `longer than ${MAX_TEMPLATE_LENGTH} characters`);
  if (!source.startsWith('/')) throw refused(source, 'a path starts with "/"');
  if (FORBIDDEN.test(source)) throw refused(source, 'it has a "?", "#", "\\" or a control character');
  if (LONE_SURROGATE.test(source)) throw refused(source, 'it has half a surrogate pair');
  const texts = source.slice(1).split('/');
  if (texts.length > MAX_TEMPLATE_SEGMENTS) throw refused(source, `more than ${MAX_TEMPLATE_SEGMENTS} segments`);
  const parameters: string[] = [];
  const segments = texts.map((text, index) => {
    // Only the last may be empty: `/users/`. An empty first one would make `//host` of the path.
    if (text === '' && index < texts.length - 1) throw refused(source, 'it has an empty segment');
    return parseSegment(text, source, parameters);
  });
  if (parameters.length > MAX_TEMPLATE_PARAMETERS) throw refused(source, `more than ${MAX_TEMPLATE_PARAMETERS} parameters`);
  const twice = parameters.find((name, index) => parameters.indexOf(name) !== index);
  if (twice !== undefined) throw refused(source, `two parameters are called "${twice}"; rename one`);
  return { source, segments, parameters };
}

/** The inverse of {@link parseTemplate}. Names are quoted only where they have to be. */
export function serialiseTemplate(segments: readonly TemplateSegment[]): string {
  return segments.map((segment) => `/${segment.map(serialisePart).join('')}`).join('');
}

/** Names of the parameters of a template, in the order of the path. */
export function parametersOf(template: string): readonly string[] {
  return parseTemplate(template).parameters;
}

/** `.` and `..`, also percent-encoded: a URL parser removes such a segment, and the one before it. */
function isDotSegment(text: string): boolean {
  if (text.length > 6) return false;
  const plain = text.replace(/%2e/gi, '.');
  return plain === '.' || plain === '..';
}

function parseSegment(text: string, source: string, parameters: string[]): TemplateSegment {
  if (isDotSegment(text)) throw refused(source, `"${text}" is not a segment`);
  const parts: TemplatePart[] = [];
  let rest = text;
  while (rest !== '') {
    const sign = rest[0];
    if (sign === ':' || sign === '*') {
      if (parts.length > 0 && parts.at(-1)?.kind !== 'text') throw refused(source, 'two parameters need text between them');
      const { name, length } = parseName(rest, source);
      parameters.push(name);
      parts.push({ kind: sign === ':' ? 'parameter' : 'wildcard', name });
      rest = rest.slice(length);
    } else {
      const end = rest.search(/[:*]/);
      const literal = end === -1 ? rest : rest.slice(0, end);
      parts.push({ kind: 'text', text: literal.replace(NOT_PATH_CHARACTER, encodeURIComponent) });
      rest = rest.slice(literal.length);
    }
  }
  return parts;
}

/** Reads the name after the sign that `text` begins with; `length` counts the sign, and the quotes if any. */
function parseName(text: string, source: string): { name: string; length: number } {
  const quoted = text[1] === '"';
  const name = quoted ? text.slice(2, Math.max(2, text.indexOf('"', 2))) : IDENTIFIER.exec(text.slice(1))?.[0];
  if (!name) throw refused(source, `"${text[0]}" stands without a name`);
  if (isForbiddenKey(name)) throw refused(source, `a parameter cannot be called "${name}"`);
  return { name, length: name.length + (quoted ? 3 : 1) };
}

function serialisePart(part: TemplatePart, index: number, segment: TemplateSegment): string {
  if (part.kind === 'text') return part.text;
  const next = segment[index + 1];
  const runsOn = next?.kind === 'text' && /^[\w$]/.test(next.text);
  const name = WHOLE_IDENTIFIER.test(part.name) && !runsOn ? part.name : `"${part.name}"`;
  return (part.kind === 'parameter' ? ':' : '*') + name;
}

function refused(source: string, reason: string): Error {
  return new Error(`The path ${JSON.stringify(source.slice(0, 80))} cannot be used: ${reason}.`);
}
