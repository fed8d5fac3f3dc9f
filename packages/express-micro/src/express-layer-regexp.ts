import { type Pattern, type Piece, text } from '@express-micro/mesh';
import { joined } from './express-layer-syntax.ts';

/** What stands for the capture group with this number, or `undefined` when nobody knows. */
export type NameCapture = (index: number, source: string) => Piece | undefined;

/** Every regular expression that a router makes of a mount path ends so: at a slash, or at the end. */
const BORDER = '(?=\\/|$)';
/** The border with the slash that may stand before it (Express 4, router 2): it says nothing, and would double the ways. */
const ENDINGS: readonly string[] = [`\\/?${BORDER}`, `(?:\\/$)?${BORDER}`, BORDER];

/**
 * Reads back the path from the regular expression that a router has made of it.
 *
 * Only the few forms that path-to-regexp writes are understood, and each by what it means to a matcher, so that the answer
 * is right or `undefined`, never a guess: literal text, groups, alternatives, optional parts, captures, and the border.
 */
export function readMountRegexp(source: string, nameCapture: NameCapture): Pattern | undefined {
  if (!source.includes(BORDER)) return undefined;
  const reader: Reader = { source, index: 0, captures: 0, nameCapture };
  const pattern = readAlternatives(reader);
  return reader.index === source.length ? pattern : undefined;
}

interface Reader {
  readonly source: string;
  index: number;
  captures: number;
  readonly nameCapture: NameCapture;
}

function readAlternatives(reader: Reader): Pattern | undefined {
  const options: Pattern[] = [];
  for (;;) {
    const sequence = readSequence(reader);
    if (sequence === undefined) return undefined;
    options.push(sequence);
    if (reader.source[reader.index] !== '|') break;
    reader.index++;
  }
  return options.length === 1 ? options[0] : [{ kind: 'choice', options }];
}

function readSequence(reader: Reader): Pattern | undefined {
  const sequence: Pattern[number][] = [];
  while (reader.index < reader.source.length && !'|)'.includes(reader.source[reader.index] ?? '')) {
    const part = readPart(reader);
    if (part === undefined) return undefined;
    if (reader.source[reader.index] === '?') {
      reader.index++;
      sequence.push({ kind: 'choice', options: [part, []] });
    } else sequence.push(...part);
  }
  return joined(sequence);
}

function readPart(reader: Reader): Pattern | undefined {
  const { source, index } = reader;
  const character = source[index] ?? '';
  const ending = ENDINGS.find((each) => source.startsWith(each, index));
  if (ending !== undefined) return skip(reader, ending.length);
  if (character === '^' || character === '$') return skip(reader, 1);
  if (source.startsWith('(?:', index)) {
    reader.index += 3;
    const inner = readAlternatives(reader);
    if (inner === undefined || source[reader.index] !== ')') return undefined;
    reader.index++;
    return inner;
  }
  if (character === '(' && source[index + 1] !== '?') return readCapture(reader);
  if (character === '\\') {
    const escaped = source[index + 1] ?? '';
    // A letter or digit after the backslash would be a class or a reference.
    if (escaped === '' || /[A-Za-z0-9]/.test(escaped)) return undefined;
    reader.index += 2;
    return [text(escaped)];
  }
  if ('.*+?[]{}()'.includes(character)) return undefined;
  reader.index++;
  return [text(character)];
}

function skip(reader: Reader, length: number): Pattern {
  reader.index += length;
  return [];
}

function readCapture(reader: Reader): Pattern | undefined {
  const end = closingParenthesis(reader.source, reader.index);
  if (end === -1) return undefined;
  const inner = reader.source.slice(reader.index + 1, end);
  const piece = reader.nameCapture(reader.captures, inner);
  // A capture within a capture counts too, though nothing is named after it.
  reader.captures += 1 + countCaptures(inner);
  reader.index = end + 1;
  return piece === undefined ? undefined : [piece];
}

function closingParenthesis(source: string, start: number): number {
  let depth = 0;
  let isInClass = false;
  for (let index = start; index < source.length; index++) {
    const character = source[index];
    if (character === '\\') index++;
    else if (isInClass) isInClass = character !== ']';
    else if (character === '[') isInClass = !source.startsWith('[^]', index);
    else if (character === '(') depth++;
    else if (character === ')' && --depth === 0) return index;
  }
  return -1;
}

function countCaptures(source: string): number {
  // With an empty alternative it matches anything, and the match has one entry for each capture.
  return (new RegExp(`${source}|`).exec('')?.length ?? 1) - 1;
}

/** Whether a capture takes slashes too. `:path(.*)` of Express 4 becomes `(.(.*))`: the star in it is a capture of its own. */
export function takesSlashes(source: string): boolean {
  return /^(?:\.{1,2}|\[\\s\\S\]|\[\^\])[*+]\??$/.test(source.replace(/[()]/g, ''));
}
