/** From the gravest to the most talkative; the number is the rank, as in winston's npm levels. */
export const LEVELS: Readonly<Record<LevelName, number>> = Object.freeze({
  error: 0,
  warn: 1,
  info: 2,
  http: 3,
  debug: 4,
  trace: 5,
});

export type LevelName = 'error' | 'warn' | 'info' | 'http' | 'debug' | 'trace';

export const LEVEL_NAMES: readonly LevelName[] = Object.freeze(Object.keys(LEVELS) as LevelName[]);

export function isLevelName(value: unknown): value is LevelName {
  return typeof value === 'string' && Object.hasOwn(LEVELS, value);
}

export function nameOfRank(rank: number): LevelName {
  return LEVEL_NAMES[rank] ?? 'trace';
}

/** What is told where nobody says anything else. */
const OF_ENVIRONMENT: Readonly<Record<string, LevelName>> = Object.freeze({ production: 'info', staging: 'http' });

export function defaultLevel(environment: string | undefined): LevelName {
  return (environment !== undefined && OF_ENVIRONMENT[environment]) || 'debug';
}
