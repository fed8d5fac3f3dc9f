import { joinedFields, observability } from '@express-micro/observability';
import express from 'express';

// Stands for the logger that you have: winston, bunyan, pino, or the console.
const winston = { transports: [], levels: { error: 0, info: 2 }, info() {}, warn() {}, error() {}, log: console.log };

// #region own
const app = express();
const { logger } = observability(app, { logger: winston });
logger.info('Order is paid', { orderId: 7 }); // winston.log({ level: 'info', message: 'Order is paid', orderId: 7, requestId, … })
// #endregion

console.log(Object.keys(joinedFields()).length);
