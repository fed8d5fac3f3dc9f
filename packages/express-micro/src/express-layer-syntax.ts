import { type Pattern, type Piece, text } from '@express-micro/mesh';

/** A path as Express 5 writes it (path-to-regexp 8). `undefined` for what Express itself would refuse. */
export function parseExpress5(path: string): Pattern | undefined {
  const cursor = { path, index: 0 };
  const pattern = parseGroup(cursor, false);
  return cursor.index === path.length ? pattern : undefined;
}

interface Cursor {
  readonly path: string;
  index: number;
}

function parseGroup(cursor: Cursor, isInner: boolean): Pattern | undefined {
  const pattern: (Pattern[number] | Piece)[] = [];
  while (cursor.index < cursor.path.length) {
    const character = cursor.path[cursor.index] ?? '';
    if (character === '}') break;
    cursor.index++;
    if (character === '{') {
      const inner = parseGroup(cursor, true);
      if (inner === undefined) return undefined;
      pattern.push({ kind: 'choice', options: [inner, []] });
    } else if (character === ':' || character === '*') {
      const name = parseName(cursor);
      if (name === undefined) return undefined;
      pattern.push({ kind: character === ':' ? 'parameter' : 'wildcard', name });
    } else if (character === '\\') {
      pattern.push(text(cursor.path[cursor.index++] ?? ''));
    } else if ('()[]+?!'.includes(character)) return undefined;
    else pattern.push(text(character));
  }
  const isClosed = cursor.path[cursor.index] === '}';
  if (isInner !== isClosed) return undefined;
  if (isInner) cursor.index++;
  return joined(pattern);
}

const NAME = /[$_\p{ID_Start}][$\p{ID_Continue}]*/uy;
const QUOTED = /"((?:[^"\\]|\\.)+)"/uy;

function parseName(cursor: Cursor): string | undefined {
  for (const syntax of [NAME, QUOTED]) {
    syntax.lastIndex = cursor.index;
    const match = syntax.exec(cursor.path);
    if (match === null) continue;
    cursor.index += match[0].length;
    return match[1] === undefined ? match[0] : match[1].replace(/\\(.)/g, '$1');
  }
  return undefined;
}

/**
 * A path as Express 4 writes it (path-to-regexp 0.1): `:name`, `:name(\\d+)`, `:name?`, `*`, and beyond that whatever a
 * regular expression may hold, for which this gives `undefined`.
 */
export function parseExpress4(path: string): Pattern | undefined {
  const pattern: Pattern[number][] = [];
  let stars = 0;
  let rest = path;
  while (rest !== '') {
    const [whole = '', before = '', name, own, star, optional] = PARAMETER_4.exec(rest) ?? [];
    if (name !== undefined) {
      const piece: Piece = { kind: isAnything(own) ? 'wildcard' : 'parameter', name };
      if (own !== undefined && /\((?!\?)/.test(own.slice(1))) return undefined;
      const parts = before === '' ? [piece] : [text(before), piece];
      // `:name*` takes further segments, without a name.
      const more: Pattern =
        star === undefined ? [] : [{ kind: 'choice', options: [[text('/'), { kind: 'wildcard', name: splat(stars++) }], []] }];
      if (optional === undefined) pattern.push(...parts, ...more);
      else pattern.push({ kind: 'choice', options: [[...parts, ...more], []] });
      rest = rest.slice(whole.length);
    } else if (rest[0] === '*') {
      pattern.push({ kind: 'wildcard', name: splat(stars++) });
      rest = rest.slice(1);
    } else {
      const [literal, escaped, plain] = LITERAL_4.exec(rest) ?? [];
      if (literal === undefined) return undefined;
      pattern.push(text(escaped ?? plain ?? ''));
      rest = rest.slice(literal.length);
    }
  }
  return joined(pattern);
}

/** The slash or dot before it is part of a parameter: `/users/:id?` leaves `/users`. */
const PARAMETER_4 = /^(\/?\.?):(\w+)(\(.*?\))?(\*)?(\?)?/;
/** An escaped sign, or a character that means itself; one before `?`, `+` or `*` does not. */
const LITERAL_4 = /^(?:\\([^A-Za-z0-9])|([^\\?+*()[\]{}|^$:]))(?![?+])/u;

function isAnything(own: string | undefined): boolean {
  return own !== undefined && /^\((?:\*|(?:\.|\[\\s\\S\]|\[\^\])[*+]\??)\)$/.test(own);
}

/** Express 4 numbers what has no name: 0, 1, … */
export function splat(index: number): string {
  return index === 0 ? 'splat' : `splat${index}`;
}

/** Neighbouring texts as one. */
export function joined(pattern: Pattern): Pattern {
  const result: Pattern[number][] = [];
  for (const part of pattern) {
    const last = result.at(-1);
    if (part.kind === 'text' && last?.kind === 'text') result[result.length - 1] = text(last.text + part.text);
    else result.push(part);
  }
  return result;
}
