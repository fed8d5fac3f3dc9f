import type { CorsOptions } from '@express-micro/core';
import { type Option, resolveOptions } from '@express-micro/core';
import { meshError } from '@express-micro/mesh';
import type { FastifyInstance } from '../fastify.ts';
import { type CompressionOptions, compressPart } from './compress.ts';
import { corsPart } from './cors.ts';
import { type HelmetOptions, helmetPart } from './helmet.ts';

/** What the answers of every route get. `false`, and nothing else, leaves a part out. */
export interface BaseOptions {
  /** Options of `@fastify/helmet`. @default helmet's */
  readonly helmet?: HelmetOptions | false | undefined;
  readonly cors?: CorsOptions | false | undefined;
  readonly compression?: CompressionOptions | false | undefined;
}

/** One part of the base: a plugin of Fastify's, which its users install. */
export interface BasePart<Resolved> {
  readonly library: string;
  readonly option: Option<Resolved | false>;
  readonly register: (app: FastifyInstance, options: Resolved) => Promise<void>;
}

const PARTS = { helmet: helmetPart, cors: corsPart, compression: compressPart };

/**
 * Security headers, CORS from `ALLOWED_ORIGINS`, and compression, with the options of `expressBase()`: register it before your
 * own routes. Log, body limit and proxies are said where the app is made: see {@link baseOptions}.
 *
 * ```ts
 * const app = Fastify(baseOptions());
 * await app.register(fastifyBase, { cors: { origins: ['https://shop.example.com'] } });
 * ```
 *
 * @throws MESH_OPTION_INVALID, also for a part whose package is not installed
 */
export async function fastifyBase(app: FastifyInstance, options?: BaseOptions): Promise<void> {
  const table = { helmet: helmetPart.option, cors: corsPart.option, compression: compressPart.option };
  const resolved = resolveOptions('fastifyBase()', table, options, (message, details) =>
    meshError('MESH_OPTION_INVALID', message, { details }),
  );
  for (const [name, part] of Object.entries(PARTS) as [keyof typeof PARTS, BasePart<unknown>][]) {
    const chosen: unknown = resolved[name];
    if (chosen !== false) await registerPart(app, name, part, chosen);
  }
}

async function registerPart(app: FastifyInstance, name: string, part: BasePart<unknown>, options: unknown): Promise<void> {
  try {
    await part.register(app, options);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const isMissing = (code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND') && message.includes(part.library);
    if (!isMissing) throw error;
    throw meshError(
      'MESH_OPTION_INVALID',
      `fastifyBase() sets "${name}" by ${part.library}, which is not installed: npm install ${part.library}. Or leave it out: { ${name}: false }.`,
      { cause: error },
    );
  }
}

// As fastify-plugin says it: for the routes beside it, too.
Object.assign(fastifyBase, {
  [Symbol.for('skip-override')]: true,
  [Symbol.for('fastify.display-name')]: '@express-micro/fastify/preset',
  [Symbol.for('plugin-meta')]: { fastify: '5.x', name: '@express-micro/fastify/preset' },
});
