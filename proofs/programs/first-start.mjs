// Starts the plugin in the temp directory that it is told, without a key in its environment, and says where it listens.
import express from 'express';
import expressMicro from 'express-micro';
import { answerQuestions } from './questions.mjs';

delete process.env.EXPRESS_DISCOVERY_KEY;
/** @type {(() => Promise<void>) | undefined} */
let close;
answerQuestions({
  start: ({ folder }) => {
    process.env.TMPDIR = folder;
    const app = express();
    const micro = expressMicro(app, { serviceName: 'first', log: false });
    close = () => micro.close();
    return new Promise((resolve) => {
      const server = app.listen(0, '127.0.0.1', () => resolve(server.address().port));
    });
  },
  stop: () => close?.(),
});
// Between two rounds there is nothing else that keeps it.
setInterval(() => {}, 60_000);
process.on('disconnect', () => process.exit());
process.send({ question: 0 });
