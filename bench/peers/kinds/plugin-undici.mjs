// Any client of HTTP, here undici, into an app under the plugin.
export { serve } from './express-micro.mjs';
export { connectUndici as connect } from './undici-client.mjs';
