// Writes rounds of lines on demand, and tells what one took: by pino as it is, or by a logger of ours, to a file in turn.
import { AsyncLocalStorage } from 'node:async_hooks';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const [, , kind = '', content = '', sink = ''] = process.argv;
const nowhere = { write() {} };
const folder = mkdtempSync(join(tmpdir(), 'log-line-'));
const load = createRequire(createRequire(import.meta.url).resolve('@express-micro/observability'));

/** @type {(run: () => void) => void} */
let inRequest;
/** @type {{ info(...given: unknown[]): void, debug(...given: unknown[]): void }} */
let log;
if (kind === 'pino') {
  const { pino } = load('pino');
  // As its documentation has it for many lines: held until there are 4096 bytes.
  const file = () => pino.destination({ dest: join(folder, 'combined.log'), sync: true, minLength: 4_096 });
  const logger = pino({ base: { service: 'bench' } }, sink === 'file' ? file() : nowhere);
  // What an app does that joins its lines to requests by hand: a child for each request, which it passes around.
  log = logger.child({ requestId: '0f5ad6b2-6c0e-4f1f-9d6f-0a8a3c1c8a11' });
  const storage = new AsyncLocalStorage();
  inRequest = (run) => storage.run(log, run);
} else {
  const { createLogger, requestId } = await import('@express-micro/observability');
  const where = sink === 'file' ? { files: { folder, error: false } } : { stream: nowhere };
  log = createLogger({ service: 'bench', level: 'info', console: false, ...where });
  const { IncomingMessage, ServerResponse } = await import('node:http');
  inRequest = (run) => {
    const req = new IncomingMessage(/** @type {never} */ ({}));
    req.headers = { 'x-request-id': '0f5ad6b2-6c0e-4f1f-9d6f-0a8a3c1c8a11' };
    requestId()(req, new ServerResponse(req), run);
  };
}

const fields = { orderId: 4_711, userId: 'u-2381', totalCents: 129_900, currency: 'EUR' };
/** @type {Readonly<Record<string, (i: number) => void>>} */
const CONTENTS = {
  text: () => log.info('The order is paid and on its way'),
  fields: (i) => log.info({ ...fields, orderId: i }, 'The order is paid and on its way'),
  silent: () => log.debug('The order is paid and on its way'),
};
const line = CONTENTS[content] ?? (() => {});

process.on('message', ({ lines }) => {
  inRequest(() => {
    const startedAt = performance.now();
    for (let i = 0; i < lines; i++) line(i);
    process.send?.({ ms: performance.now() - startedAt });
  });
});
process.on('disconnect', () => {
  rmSync(folder, { recursive: true, force: true });
  process.exit(0);
});
process.send?.({ ready: true });
