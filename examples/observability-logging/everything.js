import { accessLog, createLogger, observability, requestId, requestLogger } from '@express-micro/observability';
import express from 'express';

// #region options
const app = express();
const { logger } = observability(app, {
  service: 'orders',
  logger: {
    level: 'http',
    files: { folder: 'logs', combined: 'app-%DATE%.log', keepDays: 30 }, // and error.log
    redact: { keys: ['iban'] },
  },
  levelHeader: { callers: ['gateway'] }, // x-log-level: debug
  levelEndpoint: { path: '/log-level', allow: (req) => req.headers.authorization === `Bearer ${process.env.OPS_TOKEN}` },
});
logger.on('rotate', ({ file, next }) => logger.info('Log rotated', { file, next }));
// #endregion

// #region lines
logger.info('Order is paid', { orderId: 7, totalCents: 4_900 });
logger.error('Payment failed', new Error('card declined'));
logger.child({ job: 'nightly' }).debug('Nothing to do');
// #endregion

// #region alone
const jobs = createLogger({ service: 'jobs' });
const plain = express();
plain.use(requestId());
plain.use(accessLog(':id :method :url :status :response-time ms'));
plain.use(requestLogger(jobs));
// #endregion

// #region formats
plain.use(accessLog({ format: 'combined', to: { file: 'logs/access-%DATE%.log' } }));
plain.use(
  accessLog({
    format: ':id :tenant :method :url :status',
    tokens: { tenant: (req) => req.headers['x-tenant'] },
    skip: (req) => req.url === '/health',
  }),
);
// #endregion

await Promise.all([logger.close(), jobs.close()]);
