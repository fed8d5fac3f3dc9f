export { serveFastify as serve } from './fastify-server.mjs';
export { connectUndici as connect } from './undici-client.mjs';
