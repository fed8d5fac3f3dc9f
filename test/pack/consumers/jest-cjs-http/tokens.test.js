const { generateKeyPairSync } = require('node:crypto');
const { once } = require('node:events');
const { createServer } = require('node:http');
const { createTokens } = require('@express-micro/http');
const { useApp } = require('./use-app.js');

test('logins and their tokens work under Jest', async () => {
  expect(await useApp()).toEqual({ id: 'ada', roles: ['admin'] });
});

test.each(['rsa', 'ec', 'ed25519'])('a token of a published %s key is verified under Jest', async (kind) => {
  const options = { rsa: { modulusLength: 2048 }, ec: { namedCurve: 'P-256' }, ed25519: {} };
  const issuer = createTokens({ key: generateKeyPairSync(kind, options[kind]).privateKey });
  const server = createServer((_req, res) => res.end(JSON.stringify(issuer.publicKeys()))).listen(0, '127.0.0.1');
  try {
    await once(server, 'listening');
    const tokens = createTokens({ jwksUrl: `http://127.0.0.1:${server.address().port}/` });
    const token = await issuer.issue({ sub: 'ada' });
    expect((await tokens.verify(token)).id).toBe('ada');
    await expect(tokens.verify(`${token.slice(0, -8)}AAAAAAAA`)).rejects.toMatchObject({ status: 401 });
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
