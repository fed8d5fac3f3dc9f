export type { CorsOptions, Origins } from '@express-micro/core';
export type { CompressionOptions } from './preset/compress.ts';
export { type BaseOptions, fastifyBase } from './preset/fastify-base.ts';
export { fastifyLogger } from './preset/fastify-logger.ts';
export { type BaseServerOptions, baseOptions, type ServerSettings } from './preset/server-options.ts';
