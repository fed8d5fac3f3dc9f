// #region pages
import { mountRoutes, openApiPages } from '@express-micro/http';
import express from 'express';
import { orderRoutes } from './routes.js';

export const app = express();
app.use(openApiPages({ info: { title: 'Orders', version: '1.0.0' }, routes: orderRoutes })); // GET /openapi.json, GET /docs
mountRoutes(app, orderRoutes);
// #endregion
