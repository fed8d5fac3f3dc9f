import { type Option, OptionProblem } from '@express-micro/core';
import helmet, { type HelmetOptions } from 'helmet';
import type { Middleware } from '../middleware.ts';

export type { HelmetOptions };

/** The library's own options. It throws what it cannot take, but lets pass a name that it does not know. */
export const helmetOption: Option<Readonly<HelmetOptions> | false> = {
  takes: "false, or helmet's options",
  fallback: () => Object.freeze({}),
  read: (value) => {
    if (value === false) return false;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new OptionProblem();
    try {
      helmet(value as HelmetOptions);
    } catch (error) {
      throw new OptionProblem((error as Error).message);
    }
    return Object.freeze({ ...value }) as Readonly<HelmetOptions>;
  },
};

export function createHelmet(options: Readonly<HelmetOptions>): Middleware {
  return helmet(options);
}
