import type { RouteDescriptor } from '@express-micro/mesh';

/**
 * The order in which requests meet routes, which is what others take a list for. Fastify takes the most exact route, whichever was
 * declared first: with `/users/:id` declared before `/users/me`, a call of the first with the id `me` would be answered by the
 * second. Where that makes no difference they stay as they were declared.
 */
export function inOrderOfMeeting(routes: RouteDescriptor[]): RouteDescriptor[] {
  const places = routes.map((route) => ({ route, ...placeOf(route.paths[0] as string) }));
  if (!hasInversion(places)) return routes;
  return places.sort((a, b) => (a.rank < b.rank ? -1 : Number(a.rank > b.rank))).map(({ route }) => route);
}

interface Place {
  readonly route: RouteDescriptor;
  /** How much the path leaves open, as a text that sorts: of two that take the same request, the router takes the lower one. */
  readonly rank: string;
  /** The text of each segment; `undefined` where a parameter is. */
  readonly texts: readonly (string | undefined)[];
}

/** Paths of as many segments stand together, and behind them all those with a wildcard, which takes what nobody else does. */
function placeOf(path: string): Omit<Place, 'route'> {
  const segments = path.slice(1).split('/');
  const rank = (path.includes('*') ? '1' : '0') + String.fromCharCode(segments.length) + segments.map(opennessOf).join('');
  return { rank, texts: segments.map((segment) => (opennessOf(segment) === 0 ? segment.toLowerCase() : undefined)) };
}

/** Text, text that a parameter follows, parameters with text around them, a parameter alone, a wildcard. */
function opennessOf(segment: string): 0 | 1 | 2 | 3 | 4 {
  const at = segment.search(/[:*]/);
  if (at !== 0) return at < 0 ? 0 : 1;
  if (segment[0] === '*') return 4;
  return /^:(?:[\w$]+|"[^"]*")$/.test(segment) ? 3 : 2;
}

function hasInversion(places: readonly Place[]): boolean {
  return places.some((earlier, at) => {
    if (!isCallable(earlier) || !earlier.texts.includes(undefined)) return false;
    for (let next = at + 1; next < places.length; next++) {
      const later = places[next] as Place;
      if (later.rank < earlier.rank && isCallable(later) && canMeet(earlier, later)) return true;
    }
    return false;
  });
}

/** What takes every request below a path is nobody's rival. */
function isCallable({ rank, route }: Place): boolean {
  return rank.startsWith('0') && route.uncallable === undefined;
}

function canMeet(a: Place, b: Place): boolean {
  if (a.texts.length !== b.texts.length) return false;
  return a.texts.every((text, at) => text === undefined || b.texts[at] === undefined || text === b.texts[at]);
}
