import { type SecurityScheme, securityOf } from '../security-mark.ts';
import { type PartSchemas, schemasOf } from '../validation/schemas-mark.ts';
import type { SecurityRequirement } from './document.ts';

/** What the guards of a route tell of themselves. */
export interface GuardsSay {
  /** Absent where none of them asks who calls. */
  readonly security: readonly SecurityRequirement[] | undefined;
  readonly schemes: Readonly<Record<string, SecurityScheme>>;
  readonly asksWho: boolean;
  readonly demands: readonly string[];
  /** What `validate()` among them judges by. */
  readonly schemas: PartSchemas;
}

export function askGuards(guards: readonly object[]): GuardsSay {
  const marks = guards.flatMap((guard) => securityOf(guard) ?? []);
  const asking = marks.filter(({ schemes }) => schemes !== undefined && Object.keys(schemes).length > 0);
  return {
    security: asking.length === 0 ? undefined : asking.reduce(both, [{}]),
    schemes: Object.assign({}, ...asking.map(({ schemes }) => schemes)) as Record<string, SecurityScheme>,
    asksWho: asking.length > 0,
    demands: marks.flatMap(({ demands }) => demands ?? []),
    // The first that judges a part sees what the client sent.
    schemas: Object.assign({}, ...guards.map(schemasOf).reverse()) as PartSchemas,
  };
}

type Asking = NonNullable<ReturnType<typeof securityOf>>;

/** Each guard takes any one of its ways; all guards have to be passed. */
function both(before: readonly SecurityRequirement[], { schemes = {}, isOptional }: Asking): readonly SecurityRequirement[] {
  const ways: SecurityRequirement[] = Object.keys(schemes).map((name) => ({ [name]: [] }));
  if (isOptional === true) ways.push({});
  return before.flatMap((one) => ways.map((way) => ({ ...one, ...way })));
}
