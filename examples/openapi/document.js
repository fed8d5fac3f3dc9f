import { writeFileSync } from 'node:fs';
// #region document
import { openApi } from '@express-micro/http';
import { orderRoutes } from './routes.js';

const document = openApi({ info: { title: 'Orders', version: '1.0.0' }, routes: orderRoutes });
writeFileSync(process.argv[2] ?? 'openapi.json', JSON.stringify(document, null, 2));
// #endregion
