// #region source
import { postgresSource } from 'express-micro/sources/postgres';
import pg from 'pg';

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL });

export const source = postgresSource({ client: pool }); // expressMicro(app, { source })
// #endregion
export const endClient = () => pool.end();
