import { OptionProblem } from '@express-micro/core';
import type { BasePart } from './fastify-base.ts';

/** Those of `@fastify/helmet`. Its types are not named here: who leaves helmet out need not have it. */
export type HelmetOptions = Readonly<Record<string, unknown>>;

export const helmetPart: BasePart<HelmetOptions> = {
  library: '@fastify/helmet',
  option: {
    takes: 'false, or the options of @fastify/helmet',
    fallback: () => ({}),
    read(value) {
      if (value === false) return false;
      if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new OptionProblem();
      return { ...value };
    },
  },
  async register(app, options) {
    const { default: helmet } = await import('@fastify/helmet');
    await app.register(helmet, options);
  },
};
