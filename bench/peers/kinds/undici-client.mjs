// The very undici that the mesh uses, in its usual form.
import { createRequire } from 'node:module';

const require = createRequire(createRequire(import.meta.url).resolve('@express-micro/mesh'));

export async function connectUndici(url) {
  const { Pool } = require('undici');
  const pool = new Pool(url, { connections: 128 });
  return async (userId) => {
    const { statusCode, body } = await pool.request({ path: `/orders/${userId}`, method: 'GET' });
    if (statusCode !== 200) throw new Error(`status ${statusCode}`);
    return body.json();
  };
}
