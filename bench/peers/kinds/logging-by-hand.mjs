// What tutorials wire by hand: a request id, morgan into winston, two files.
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import morgan from 'morgan';
import winston from 'winston';

/** @param {import('express').Express} app @param {string} folder */
export function wireByHand(app, folder) {
  const { combine, timestamp, errors, json } = winston.format;
  const logger = winston.createLogger({
    level: 'http',
    defaultMeta: { service: 'orders' },
    format: combine(timestamp(), errors({ stack: true }), json()),
    transports: [
      new winston.transports.File({ filename: join(folder, 'error.log'), level: 'error' }),
      new winston.transports.File({ filename: join(folder, 'combined.log') }),
    ],
  });
  app.use((req, res, next) => {
    const id = req.get('x-request-id') ?? randomUUID();
    Object.assign(req, { id });
    res.set('x-request-id', id);
    next();
  });
  morgan.token('id', (/** @type {any} */ req) => req.id);
  const line =
    ':id :remote-addr ":method :url HTTP/:http-version" :status :res[content-length] ":referrer" ":user-agent" :response-time ms';
  app.use(morgan(line, { stream: { write: (message) => void logger.http(message.trim()) } }));
}
