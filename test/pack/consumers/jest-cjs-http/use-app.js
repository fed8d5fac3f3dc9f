const { once } = require('node:events');
const { createApp } = require('./app.js');

/** Logs in, refreshes, and asks who one is with the new token. */
async function useApp() {
  const server = (await createApp()).listen(0, '127.0.0.1');
  try {
    await once(server, 'listening');
    const url = `http://127.0.0.1:${server.address().port}`;
    const post = async (path, body) => {
      const headers = { 'content-type': 'application/json' };
      const answer = await fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body) });
      return answer.json();
    };
    const { refreshToken } = await post('/login', { email: 'ada', password: 'correct horse' });
    const { accessToken } = await post('/refresh', { refreshToken });
    const answer = await fetch(`${url}/me`, { headers: { authorization: `Bearer ${accessToken}` } });
    return await answer.json();
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

module.exports = { useApp };
