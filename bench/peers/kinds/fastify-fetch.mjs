export { serveFastify as serve } from './fastify-server.mjs';
export { connectFetch as connect } from './fetch-client.mjs';
