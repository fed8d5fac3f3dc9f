import axios from 'axios';

export { serveExpress as serve } from './express-server.mjs';

export async function connect(url) {
  const client = axios.create({ baseURL: url });
  return async (userId) => (await client.get(`/orders/${userId}`)).data;
}
