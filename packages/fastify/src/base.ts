export { type BaseOptions, fastifyBase } from './base/fastify-base.ts';
export { fastifyLogger } from './base/fastify-logger.ts';
export type { CompressionOptions } from './base/compress.ts';
export type { CorsOptions, Origins } from './base/cors.ts';
export { type BaseServerOptions, baseOptions, type ServerSettings } from './base/server-options.ts';
