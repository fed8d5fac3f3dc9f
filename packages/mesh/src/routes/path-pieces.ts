/** One piece of a path, before it is put together to a template of the mesh. */
export type Piece =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'parameter'; readonly name: string }
  | { readonly kind: 'wildcard'; readonly name: string };

/** Pieces, and alternatives of which one stands there: `/users{/:id}` is text and the choice of `/:id` or nothing. */
export type Pattern = readonly (Piece | { readonly kind: 'choice'; readonly options: readonly Pattern[] })[];

/** More ways to write one path than these are not listed: each optional part doubles them. */
export const MAX_WAYS: number = 64;

/** Every way to choose, the longest first. `undefined` for more than {@link MAX_WAYS}. */
export function expand(pattern: Pattern): Piece[][] | undefined {
  let ways: Piece[][] = [[]];
  for (const part of pattern) {
    if (part.kind !== 'choice') {
      for (const way of ways) way.push(part);
      continue;
    }
    const options: Piece[][] = [];
    for (const option of part.options) {
      const inner = expand(option);
      if (inner === undefined) return undefined;
      options.push(...inner);
    }
    if (ways.length * options.length > MAX_WAYS) return undefined;
    ways = ways.flatMap((way) => options.map((option) => [...way, ...option]));
  }
  return ways;
}

const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;

/**
 * Writes pieces as a template. `undefined` where the mesh's grammar has no way to say it: a `:` or `*` that is text, or a
 * name with a quote in it.
 */
export function toTemplate(pieces: readonly Piece[]): string | undefined {
  let template = '';
  for (const [index, piece] of pieces.entries()) {
    if (piece.kind === 'text') {
      if (/[:*]/.test(piece.text)) return undefined;
      template += piece.text;
      continue;
    }
    const next = pieces[index + 1];
    const runsOn = next?.kind === 'text' && /^[\w$]/.test(next.text);
    if (piece.name.includes('"') || piece.name === '') return undefined;
    template +=
      (piece.kind === 'parameter' ? ':' : '*') + (IDENTIFIER.test(piece.name) && !runsOn ? piece.name : `"${piece.name}"`);
  }
  return template;
}

export function text(value: string): Piece {
  return { kind: 'text', text: value };
}
