/** How clients say who they are, as OpenAPI names it (Security Scheme Object). */
export type SecurityScheme = { readonly description?: string } & (
  | { readonly type: 'http'; readonly scheme: string; readonly bearerFormat?: string }
  | { readonly type: 'apiKey'; readonly in: 'header' | 'query' | 'cookie'; readonly name: string }
  | { readonly type: 'mutualTLS' }
  | { readonly type: 'oauth2'; readonly flows: Readonly<Record<string, unknown>> }
  | { readonly type: 'openIdConnect'; readonly openIdConnectUrl: string }
);

/** What a guard says of itself to who reads the routes. It changes nothing of what the guard does. */
export interface SecurityMark {
  /** The ways to say who one is, by name: `{ bearer: { type: 'http', scheme: 'bearer' } }`. Any one of them will do. */
  readonly schemes?: Readonly<Record<string, SecurityScheme>> | undefined;
  /** Whether it lets strangers in, too. @default false */
  readonly isOptional?: boolean | undefined;
  /** What is asked of whoever is known, as a sentence: `Needs the role "admin".` Others are answered 403. */
  readonly demands?: string | undefined;
}

const MARK: unique symbol = Symbol.for('express-micro.security') as never;

/** Puts it on a guard, where any copy of this package finds it. */
export function markSecurity<Guard extends object>(guard: Guard, mark: SecurityMark): Guard {
  Object.defineProperty(guard, MARK, { value: Object.freeze({ ...mark }), configurable: true });
  return guard;
}

/** What {@link markSecurity} has put on it. */
export function securityOf(guard: object): SecurityMark | undefined {
  const mark = (guard as { readonly [MARK]?: unknown })[MARK];
  return typeof mark === 'object' && mark !== null ? mark : undefined;
}
