import { expand, MAX_WAYS, type Piece, text, toTemplate } from '@express-micro/mesh';
import type { ReadPath } from './express-layer-mount.ts';

/** One way to write a path: its pieces; or what is shown of it, and why it cannot be called. */
type Way = { readonly pieces: readonly Piece[] } | { readonly shown: string; readonly reason: string };

/** Where a router is mounted, in every way to write it. */
export type Prefix = readonly Way[];

export const ROOT: Prefix = [{ pieces: [] }];

/** Puts paths behind the place where they are mounted. `isStrict` keeps a slash at the end, which otherwise says nothing. */
export function joinPaths(prefix: Prefix, paths: readonly ReadPath[], isStrict: boolean): Prefix {
  const tails = paths.flatMap((path) => waysOf(path, isStrict));
  if (prefix.length * tails.length > MAX_WAYS) return [tooMany(prefix[0] === undefined ? '?' : show(prefix[0]))];
  return prefix.flatMap((head) => tails.map((tail) => joinWays(head, tail)));
}

function waysOf(path: ReadPath, isStrict: boolean): Way[] {
  if (!('pattern' in path)) return [path];
  const ways = expand(path.pattern);
  if (ways === undefined) return [tooMany('?')];
  return ways.map((way) => {
    const pieces = merged(way);
    return startingWithSlash(isStrict && show({ pieces }) !== '/' ? pieces : withoutLastSlash(pieces));
  });
}

/** The templates of all ways that can be called, each once, and the ways that cannot. */
export function toTemplates(ways: Prefix): { templates: string[]; blocked: { shown: string; reason: string }[] } {
  const templates = new Set<string>();
  const blocked: { shown: string; reason: string }[] = [];
  for (const way of ways) {
    if (!('pieces' in way)) {
      blocked.push(way);
      continue;
    }
    const template = toTemplate(way.pieces);
    if (template !== undefined) templates.add(template === '' ? '/' : template);
    else blocked.push({ shown: show(way), reason: 'a ":" or "*" that is meant literally' });
  }
  return { templates: [...templates], blocked };
}

function joinWays(head: Way, tail: Way): Way {
  if (!('pieces' in head)) return { shown: head.shown + show(tail), reason: head.reason };
  if (!('pieces' in tail)) return { shown: show(head) + tail.shown, reason: tail.reason };
  return { pieces: merged([...head.pieces, ...tail.pieces]) };
}

function startingWithSlash(pieces: readonly Piece[]): Way {
  const [first] = pieces;
  if (first === undefined || (first.kind === 'text' && first.text.startsWith('/'))) return { pieces };
  // A star at the very start takes the slash too.
  if (first.kind === 'wildcard') return { pieces: [text('/'), ...pieces] };
  return { shown: show({ pieces }), reason: 'a path that does not start with a slash' };
}

function withoutLastSlash(pieces: readonly Piece[]): readonly Piece[] {
  const last = pieces.at(-1);
  if (last?.kind !== 'text' || !last.text.endsWith('/')) return pieces;
  const shorter = last.text.replace(/\/+$/, '');
  return shorter === '' ? pieces.slice(0, -1) : [...pieces.slice(0, -1), text(shorter)];
}

function merged(pieces: readonly Piece[]): readonly Piece[] {
  const result: Piece[] = [];
  for (const piece of pieces) {
    const last = result.at(-1);
    if (piece.kind === 'text' && last?.kind === 'text') result[result.length - 1] = text(last.text + piece.text);
    else result.push(piece);
  }
  return result;
}

function show(way: Way): string {
  if (!('pieces' in way)) return way.shown;
  return way.pieces
    .map((piece) => (piece.kind === 'text' ? piece.text : (piece.kind === 'parameter' ? ':' : '*') + piece.name))
    .join('');
}

function tooMany(shown: string): Way {
  return { shown, reason: `more than ${MAX_WAYS} ways to write the path` };
}
