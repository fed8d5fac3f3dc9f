/** A path as OpenAPI writes it. */
export interface PathTemplate {
  /** `/users/{userId}/orders` */
  readonly path: string;
  readonly parameters: readonly PathParameter[];
}

export interface PathParameter {
  readonly name: string;
  /** Whether it takes several segments: OpenAPI has no word for that. */
  readonly isWildcard: boolean;
}

/** `:name` and `*name`, the name in quotes where it is none of JavaScript's. */
const PARAMETER = /([:*])(?:"([^"/]+)"|([\p{ID_Start}$_][\p{ID_Continue}$]*))/gu;
/** What only a router's own grammar explains: patterns, optional parts, a wildcard without a name. */
const UNREADABLE = /[(){}?#[\]\\|+*:…\s]|%(?![0-9A-Fa-f]{2})/;

/**
 * Reads a path of Express, Fastify or the mesh: text, `:name` for a segment or a part of one, `*name` for several.
 * `undefined` for what OpenAPI cannot say.
 */
export function toTemplate(path: unknown): PathTemplate | undefined {
  if (typeof path !== 'string' || !path.startsWith('/')) return undefined;
  const parameters: PathParameter[] = [];
  const texts: string[] = [];
  let end = 0;
  for (const match of path.matchAll(PARAMETER)) {
    texts.push(path.slice(end, match.index));
    end = match.index + match[0].length;
    // What would end the place of the parameter in the template.
    const name = (match[2] ?? match[3] ?? '').replace(/[{}/?#]/g, '_');
    parameters.push({ name, isWildcard: match[1] === '*' });
  }
  texts.push(path.slice(end));
  const names = new Set(parameters.map(({ name }) => name));
  if (texts.some((text) => UNREADABLE.test(text)) || names.size < parameters.length) return undefined;
  const written = texts.map((text, at) => text + (parameters[at] === undefined ? '' : `{${parameters[at].name}}`));
  return { path: written.join(''), parameters };
}

/** Templates with the same pattern are the same path to OpenAPI, whatever their parameters are called. */
export function patternOf({ path }: PathTemplate): string {
  return path.replace(/\{[^}]*\}/g, '{}');
}

/** `/api` and `/orders` → `/api/orders`; a root adds nothing. */
export function joinPaths(prefix: string, path: string): string {
  const front = prefix.replace(/\/+$/, '');
  return path === '/' && front !== '' ? front : front + path;
}
