// A bare Express app, with the plugin when asked: tells when it listens how long that took since the process began, and its memory.
const express = require('express');

const app = express();
if (process.argv[2] === 'plugin') require('express-micro')(app, { serviceName: 'bare', log: false });
app.get('/', (_req, res) => res.end());
const server = app.listen(0, '127.0.0.1', () => {
  // The plugin joins on the same event: count what it does then.
  setImmediate(() => {
    const ms = performance.now();
    globalThis.gc?.();
    process.send?.({ ms, rss: process.memoryUsage().rss });
    server.close();
    process.disconnect();
    process.exit(0);
  });
});
