import type { NamedRoute } from '../routes/naming.ts';
import { type CompiledPath, compilePath } from '../routes/path-template.ts';

/** A path declared before another one that would take some of the requests meant for it. */
export interface Shadow {
  readonly route: NamedRoute;
  readonly template: string;
  /** The literal text of each segment, in small letters; `undefined` where anything fits. */
  readonly literals: readonly (string | undefined)[];
}

const NONE: readonly Shadow[] = Object.freeze([]);
const known = new WeakMap<NamedRoute, readonly Shadow[]>();

/**
 * What stands in front of a route: with `GET /users/me` declared before `GET /users/:id`, a call of the second with the id
 * `me` would be answered by the first. Only more literal paths count; two of the same shape are the app's own chain.
 */
export function shadowsOf(route: NamedRoute, siblings: readonly NamedRoute[]): readonly Shadow[] {
  let shadows = known.get(route);
  if (shadows === undefined) {
    const earlier = siblings.slice(0, siblings.indexOf(route));
    const own = route.paths.map(literalsOf);
    shadows = earlier.filter((other) => takesMethod(other, route)).flatMap((other) => shadowsAmong(other, own));
    known.set(route, shadows.length === 0 ? NONE : shadows);
  }
  return shadows;
}

/** The one that takes a filled path. Case does not count, as it does not for Express unless it is told so. */
export function findShadow(shadows: readonly Shadow[], path: string): Shadow | undefined {
  if (shadows.length === 0) return undefined;
  const segments = path.toLowerCase().slice(1).split('/');
  return shadows.find(
    ({ literals }) =>
      literals.length === segments.length && literals.every((text, index) => text === undefined || text === segments[index]),
  );
}

function takesMethod(other: NamedRoute, route: NamedRoute): boolean {
  return other.uncallable === undefined && (other.method === route.method || route.method === 'ALL');
}

function shadowsAmong(route: NamedRoute, own: readonly Literals[]): Shadow[] {
  return route.paths.flatMap((template) => {
    const literals = literalsOf(template);
    return literals !== undefined && own.some((mine) => mine !== undefined && isMoreLiteral(literals, mine))
      ? [{ route, template, literals }]
      : [];
  });
}

type Literals = readonly (string | undefined)[] | undefined;

/** `undefined` for a path with a wildcard: whatever stands there is meant to see every request below. */
function literalsOf(template: string): Literals {
  const { segments, template: parsed }: CompiledPath = compilePath(template);
  if (parsed.segments.flat().some((part) => part.kind === 'wildcard')) return undefined;
  return segments.map(({ fixed }) => fixed?.slice(1).toLowerCase());
}

/** Fits wherever the other one does not forbid it, and says at least one segment that the other leaves open. */
function isMoreLiteral(literals: NonNullable<Literals>, other: NonNullable<Literals>): boolean {
  if (literals.length !== other.length) return false;
  const clash = literals.some((text, index) => text !== undefined && other[index] !== undefined && text !== other[index]);
  return !clash && literals.some((text, index) => text !== undefined && other[index] === undefined);
}
