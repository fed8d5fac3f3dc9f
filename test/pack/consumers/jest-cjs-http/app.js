const { authenticate, createPasswords, createSessions, createTokens, scrypt } = require('@express-micro/http');
const express = require('express');

const SECRET = 'k3J9x0Qm8Zr5Vb2Nf7Hd1Lp6Ts4Wy0Ge';

/** An app with logins, and what verifies its tokens elsewhere. */
async function createApp() {
  const passwords = createPasswords({ hasher: scrypt({ logCost: 10 }) });
  const ada = { id: 'ada', roles: ['admin'], passwordHash: await passwords.hash('correct horse') };
  const tokens = createTokens({ secret: SECRET, log: false });
  const sessions = createSessions({
    tokens,
    passwords,
    users: { findByLogin: (login) => (login === 'ada' ? ada : undefined), findById: () => ada },
  });
  const app = express();
  app.use(express.json());
  app.post('/login', sessions.login);
  app.post('/refresh', sessions.refresh);
  app.get('/me', authenticate(tokens), (req, res) => {
    res.json({ id: req.user.id, roles: req.user.roles });
  });
  return app;
}

module.exports = { createApp };
