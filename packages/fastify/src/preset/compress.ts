import { groupOption, integerOption } from '@express-micro/core';
import type { BasePart } from './fastify-base.ts';

export interface CompressionOptions {
  /** Smaller answers go as they are. Raising it sends more bytes; lowering it works for answers that do not get smaller. @default 1024 */
  readonly minBytes?: number | undefined;
}

export const compressPart: BasePart<{ readonly minBytes: number }> = {
  library: '@fastify/compress',
  option: groupOption('compression', { minBytes: integerOption('bytes', { min: 0, max: 10_485_760 }, () => 1_024) }),
  async register(app, { minBytes }) {
    const { default: compress } = await import('@fastify/compress');
    // Streams of events and of lines are none of its types: their readers wait for each part.
    await app.register(compress, { threshold: minBytes });
  },
};
