export { serveExpress as serve } from './express-server.mjs';
export { connectUndici as connect } from './undici-client.mjs';
