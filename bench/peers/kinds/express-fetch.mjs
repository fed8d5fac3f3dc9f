export { serveExpress as serve } from './express-server.mjs';
export { connectFetch as connect } from './fetch-client.mjs';
