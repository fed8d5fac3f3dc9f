import { type Piece, text, toTemplate } from '@express-micro/mesh';

/** A path of Fastify as the mesh speaks of it: in every way to write it, or why nobody can call it. */
export type ReadPath = { readonly templates: readonly string[] } | { readonly shown: string; readonly reason: string };

/** Fastify gives a wildcard no name. This is the one that it has as an argument of a call. */
const WILDCARD = 'splat';

/** `/users/:id?` stands for `/users/:id` and `/users`. */
const OPTIONAL = /(\/:[^/()]*?)\?(\/?)$/;

/** Reads what find-my-way, the router of Fastify, takes for a path. */
export function readPath(path: string): ReadPath {
  const ways = OPTIONAL.test(path) ? [path.replace(OPTIONAL, '$1$2'), path.replace(OPTIONAL, '$2') || '/'] : [path];
  const templates = ways.map((way) => toTemplate(piecesOf(way === '*' ? '/*' : way)));
  const known = templates.filter((template) => template !== undefined);
  if (known.length < templates.length) return { shown: path, reason: 'a ":" or "*" that is meant literally' };
  return { templates: known };
}

function piecesOf(path: string): Piece[] {
  const pieces: Piece[] = [];
  let literal = '';
  const endText = () => {
    // Fastify compares with what a client wrote decoded, so a `%` stands for itself.
    if (literal !== '') pieces.push(text(literal.replaceAll('%', '%25')));
    literal = '';
  };
  for (let at = 0; at < path.length; ) {
    const sign = path[at] as string;
    if (sign === ':' && path[at + 1] === ':') {
      literal += ':';
      at += 2;
    } else if (sign === ':') {
      endText();
      const end = endOf(path, at + 1, /[(\-./]/);
      pieces.push({ kind: 'parameter', name: path.slice(at + 1, end) });
      // An expression says which values are taken; it has no part in how the path is written.
      at = path[end] === '(' ? behindExpression(path, end) : end;
    } else if (sign === '*') {
      endText();
      pieces.push({ kind: 'wildcard', name: WILDCARD });
      at += 1;
    } else {
      literal += sign;
      at += 1;
    }
  }
  endText();
  return pieces;
}

function endOf(path: string, from: number, sign: RegExp): number {
  const found = path.slice(from).search(sign);
  return found < 0 ? path.length : from + found;
}

/** Behind the parenthesis that closes the one at `open`, with what is escaped passed over. */
function behindExpression(path: string, open: number): number {
  let depth = 0;
  for (let at = open; at < path.length; at++) {
    if (path[at] === '\\') at++;
    else if (path[at] === '(') depth++;
    else if (path[at] === ')' && --depth === 0) return at + 1;
  }
  return path.length;
}
