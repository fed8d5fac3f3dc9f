import { meshError } from '../errors.ts';
import { scalarText, shown, whyNotScalar } from './scalar.ts';
import { LONE_SURROGATE, type PathTemplate, parseTemplate, type TemplateSegment } from './template-grammar.ts';

export { parametersOf, parseTemplate, serialiseTemplate } from './template-grammar.ts';

/** A template made ready to be filled many times. */
export interface CompiledPath {
  readonly template: PathTemplate;
  readonly parameters: readonly string[];
  readonly segments: readonly CompiledSegment[];
}

interface CompiledSegment {
  /** `/` and the text, for a segment without parameters. */
  readonly fixed: string | undefined;
  readonly parts: TemplateSegment;
  /** Characters that part the parameters of one segment, and so may not stand inside them. */
  readonly separators: string;
}

/** @throws Error as {@link parseTemplate} does, and for a path with two wildcards, whose borders nobody could tell */
export function compilePath(source: string): CompiledPath {
  const template = parseTemplate(source);
  const wildcards = template.segments.flat().filter((part) => part.kind === 'wildcard');
  if (wildcards.length > 1) throw new Error(`The path ${JSON.stringify(source)} has more than one wildcard.`);
  return { template, parameters: template.parameters, segments: template.segments.map(compileSegment) };
}

/**
 * Puts parameters into a template, segment by segment, so that the other side reads exactly what was sent.
 *
 * A value that a URL would change or that could reach another path (`..`, `/`, a control character, or in
 * `/flights/:from-:to` a `from` with a `-`) is refused. `*name` takes an array of segments, or a string for one.
 * @throws MESH_ARGUMENT_INVALID
 */
export function fillPath(template: string | CompiledPath, params: Readonly<Record<string, unknown>>): string {
  const path = typeof template === 'string' ? compilePath(template) : template;
  let filled = '';
  for (const segment of path.segments) {
    filled += segment.fixed ?? `/${fillSegment(segment, path.template, params)}`;
  }
  return filled;
}

function compileSegment(parts: TemplateSegment): CompiledSegment {
  const isFixed = parts.every((part) => part.kind === 'text');
  const captures = parts.flatMap((part, index) => (part.kind === 'text' ? [] : [index]));
  const between = parts.slice(captures[0] ?? 0, captures.at(-1) ?? 0);
  return {
    fixed: isFixed ? `/${parts.map((part) => (part.kind === 'text' ? part.text : '')).join('')}` : undefined,
    parts,
    separators: between.map((part) => (part.kind === 'text' ? part.text : '')).join(''),
  };
}

function fillSegment(segment: CompiledSegment, template: PathTemplate, params: Readonly<Record<string, unknown>>): string {
  let filled = '';
  for (const part of segment.parts) {
    if (part.kind === 'text') {
      filled += part.text;
      continue;
    }
    const value = Object.hasOwn(params, part.name) ? params[part.name] : undefined;
    if (part.kind === 'wildcard' && Array.isArray(value)) filled += fillWildcard(value, part.name, segment, template);
    else filled += encodeSegment(value, part.name, segment, template);
  }
  return filled;
}

function fillWildcard(values: readonly unknown[], name: string, segment: CompiledSegment, template: PathTemplate): string {
  if (values.length === 0) throw refused(name, template, values, 'it takes at least one segment');
  let filled = '';
  // An index, because a hole in the array must be seen, and map() would skip it.
  for (let index = 0; index < values.length; index++) {
    filled += (index === 0 ? '' : '/') + encodeSegment(values[index], name, segment, template);
  }
  return filled;
}

function encodeSegment(value: unknown, name: string, segment: CompiledSegment, template: PathTemplate): string {
  const text = typeof value === 'string' ? value : scalarText(value);
  if (text === undefined) {
    if (value === undefined) throw missing(name, template);
    throw refused(name, template, value, whyNotScalar(value));
  }
  if (text === '') throw refused(name, template, text, 'it cannot be empty');
  // Also in a segment with text around it, so that no text and value together can make a `..` either.
  if (text === '.' || text === '..') throw refused(name, template, text, 'a URL would drop it');
  const encoded = isUnreserved(text) ? text : encode(text, name, template);
  if (segment.separators !== '') {
    for (const character of segment.separators) {
      if (encoded.includes(character)) {
        throw refused(name, template, text, `"${character}" parts the parameters of this segment`);
      }
    }
  }
  return encoded;
}

/** Letters, digits, `-`, `.`, `_` and `~` only: most ids, and they need no encoding. */
function isUnreserved(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    const isLetter = (code | 32) >= 97 && (code | 32) <= 122;
    const isDigit = code >= 48 && code <= 57;
    if (!isLetter && !isDigit && code !== 45 && code !== 46 && code !== 95 && code !== 126) return false;
  }
  return true;
}

function encode(text: string, name: string, template: PathTemplate): string {
  // Encoded, `/` and `\` would be safe here, but proxies and frameworks on the way decode them early.
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === 47 || code === 92)
      throw refused(name, template, text, 'a segment has no "/" and "\\" (a wildcard takes an array of segments)');
    if (code < 32 || (code >= 127 && code < 160)) throw refused(name, template, text, 'it has a control character');
  }
  if (LONE_SURROGATE.test(text)) throw refused(name, template, text, 'it has half a surrogate pair, which has no bytes in UTF-8');
  return encodeURIComponent(text);
}

function missing(name: string, template: PathTemplate): Error {
  return meshError('MESH_ARGUMENT_INVALID', `The parameter "${name}" of ${template.source} is missing.`, {
    details: { parameter: name },
  });
}

function refused(name: string, template: PathTemplate, value: unknown, why: string): Error {
  const message = `The parameter "${name}" of ${template.source} cannot be ${shown(value)}: ${why}.`;
  return meshError('MESH_ARGUMENT_INVALID', message, { details: { parameter: name } });
}
