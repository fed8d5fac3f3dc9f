// #region express
import { errorHandler, mountRoutes } from '@express-micro/http';
import express from 'express';
import expressMicro from 'express-micro';
import { orderRoutes } from './routes.ts';

export const app = express();
export const micro = expressMicro(app, { serviceName: 'order-service' });
mountRoutes(app, orderRoutes);
app.use(errorHandler());
// #endregion
