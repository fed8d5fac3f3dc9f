// #region source
import { redisSource } from 'express-micro/sources/redis';
import { createClient } from 'redis';
import { serve } from './service.js';

const client = createClient({ url: process.env.REDIS_URL });
client.connect().catch(console.error);

const source = redisSource({ client }); // expressMicro(app, { source })
// #endregion
serve(source, () => client.destroy());
