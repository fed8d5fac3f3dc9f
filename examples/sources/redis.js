// #region source
import { redisSource } from 'express-micro/sources/redis';
import { createClient } from 'redis';

const client = createClient({ url: process.env.REDIS_URL });
client.connect().catch(console.error);

export const source = redisSource({ client }); // expressMicro(app, { source })
// #endregion
export const endClient = () => client.destroy();
