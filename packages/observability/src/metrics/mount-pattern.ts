import type { MountLayer } from './route-pattern.ts';

/** How a layer of Express 4 and of router 2 says whether it takes an address, and what of it. */
interface MatchingLayer extends MountLayer {
  /** The path as it was given: router 2.3 and later. */
  readonly rawPath?: unknown;
  /** Express 4. */
  readonly regexp?: RegExp;
  match?(path: string): unknown;
  readonly path?: unknown;
  readonly params?: unknown;
}

interface Match {
  /** What of the address belongs to the mount. */
  readonly text: string;
  readonly params: Readonly<Record<string, unknown>>;
}

export interface MountPattern {
  readonly pattern: string;
  /** How much of the address it took. */
  readonly length: number;
}

/** What was learned of each layer, once: so there are never more patterns than layers. */
const learned = new WeakMap<object, string>();

/** A path as its app declared it, whatever that is: `/orders/:id`, `/^\/v\d+$/`, `/a,/b`. */
export function showPath(path: unknown): string {
  return typeof path === 'string' ? path : String(path ?? '');
}

/** The same of a mount, behind which another path stands. */
export function showMount(path: unknown): string {
  return typeof path === 'string' ? path.replace(/\/+$/, '') : showPath(path);
}

/** The pattern at which a router is mounted, and how much of `address` it took. */
export function mountPattern(layer: MountLayer, address: string): MountPattern {
  const matching = layer as MatchingLayer;
  const match = matchOf(matching, address === '' ? '/' : address);
  const length = match?.text.length ?? 0;
  let pattern = learned.get(layer);
  if (pattern === undefined) {
    pattern = matching.rawPath === undefined ? learn(matching, match) : showMount(matching.rawPath);
    if (match !== undefined || matching.rawPath !== undefined) learned.set(layer, pattern);
  }
  return { pattern, length };
}

/** Whether these layers, one in the other, take all of `address`. */
export function matchMount(place: readonly MountLayer[], address: string): boolean {
  let left = address;
  for (const layer of place) {
    const match = matchOf(layer as MatchingLayer, left === '' ? '/' : left);
    if (match === undefined) return false;
    left = left.slice(match.text.length);
  }
  return left === '';
}

/**
 * Asks the layer itself. What that leaves on a layer of Express 4 is read by Express only in the turn in which it asked
 * itself, so nobody notices.
 */
function matchOf(layer: MatchingLayer, address: string): Match | undefined {
  let answer: unknown;
  try {
    answer = layer.match?.(address);
  } catch {
    return undefined;
  }
  if (answer === undefined || answer === false) return undefined;
  const { path, params } = (typeof answer === 'object' ? answer : layer) as MatchingLayer;
  if (typeof path !== 'string') return undefined;
  return { text: path.replace(/\/$/, ''), params: (params ?? {}) as Match['params'] };
}

/**
 * Before router 2.3 a layer does not keep the path that it was given, so its pattern is found by asking: a segment that may be
 * another one is a parameter, with the name under which it comes back.
 */
function learn(layer: MatchingLayer, match: Match | undefined): string {
  if (match === undefined) return '';
  const { regexp } = layer;
  if (regexp !== undefined && !COMPILED.test(regexp.source)) return String(regexp);
  const segments = match.text.split('/');
  const source = (regexp?.source ?? '').replaceAll('\\', '');
  return segments
    .map((segment, at) => {
      if (segment === '') return segment;
      const ask = (probe: string) =>
        matchOf(layer, segments.map((one, index) => (index === at ? probe : one)).join('/'))?.params ?? {};
      const name = Object.entries(ask(PROBE)).find(([, value]) => String(value).includes(PROBE))?.[0];
      if (name !== undefined) return `:${name}`;
      return spelledIn(source, segment) ?? withParameters(segment, match.params, ask);
    })
    .join('/');
}

/** The end that path-to-regexp gives to what it makes for a mount, and people do not write. */
const COMPILED = /\(\?=\\?\/\|\$\)\)?$/;
const PROBE = 'expressMicroProbe';
/** For parameters that take digits alone. */
const DIGITS = '902107835';

/** As the app wrote it, not as the client did: paths are taken in any case. */
function spelledIn(source: string, segment: string): string | undefined {
  const at = source.toLowerCase().indexOf(`/${segment.toLowerCase()}`);
  return at < 0 ? undefined : source.slice(at + 1, at + 1 + segment.length);
}

/** A segment of which only parts are parameters: `/v:version`. Which parts, the layer says, as what a client sent may stand in it twice. */
function withParameters(
  segment: string,
  params: Match['params'],
  ask: (probe: string) => Readonly<Record<string, unknown>>,
): string {
  const parts: { readonly at: number; readonly end: number; readonly name: string }[] = [];
  for (const [name, value] of Object.entries(params)) {
    if (typeof value !== 'string' || value === '') continue;
    const places: number[] = [];
    for (let at = segment.indexOf(value); at >= 0; at = segment.indexOf(value, at + 1)) places.push(at);
    const isHere = (at: number) =>
      [PROBE, DIGITS].some((probe) => ask(segment.slice(0, at) + probe + segment.slice(at + value.length))[name] === probe);
    // One that takes few values can hardly be asked: what is the client's must not stay, and so it is the first.
    const at = places.find(isHere) ?? places[0];
    if (at !== undefined) parts.push({ at, end: at + value.length, name });
  }
  let text = '';
  let from = 0;
  for (const { at, end, name } of parts.sort((one, other) => one.at - other.at)) {
    if (at < from) continue;
    text += `${segment.slice(from, at).toLowerCase()}:${name}`;
    from = end;
  }
  return text + segment.slice(from).toLowerCase();
}
