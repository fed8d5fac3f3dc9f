// A shop that knows who calls: users with a login, programs with a key, other services. `node examples/authentication/shop.js`
import { createHash, timingSafeEqual } from 'node:crypto';
import {
  authenticate,
  authLimiter,
  authorizeIf,
  createApiKeys,
  createPasswords,
  createRoles,
  createSessions,
  createTokens,
  memorySessionStore,
  serviceCallers,
  UnauthorizedError,
} from '@express-micro/http';
import express from 'express';

const app = express();
const passwords = createPasswords();

/** Stands for a table of users. */
const users = [
  { id: '1', email: 'ada@shop.example', name: 'Ada', roles: ['admin'], passwordHash: await passwords.hash('correct horse') },
  { id: '2', email: 'bob@shop.example', name: 'Bob', roles: ['clerk'], passwordHash: await passwords.hash('battery staple') },
];
/** Stands for a table of keys. */
const keyTable = new Map();

// #region login
const tokens = createTokens({
  secret: process.env.JWT_SECRET,
  issuer: 'https://shop.example',
  audience: 'shop',
  isRevoked: (claims) => sessions.isEnded(claims), // a look into the store for each request: who logs out is out at once
});
const sessions = createSessions({
  tokens,
  passwords,
  store: memorySessionStore(),
  users: {
    findByLogin: (email) => users.find((user) => user.email === email),
    findById: (id) => users.find((user) => user.id === id),
    savePasswordHash: (id, hash, former) => {
      const user = users.find((each) => each.id === id && each.passwordHash === former);
      if (user) user.passwordHash = hash;
    },
  },
  present: ({ id, name, roles }) => ({ id, name, roles }),
});

app.use(express.json());
app.post('/login', authLimiter(), sessions.login); // 5 failures in 15 minutes
app.post('/refresh', sessions.refresh);
app.post('/logout', sessions.logout);
app.get('/me', authenticate(tokens), (req, res) => res.json(req.user));
// #endregion

// #region roles
const roles = createRoles({ admin: ['orders:read', 'orders:write'], clerk: ['orders:read'] });

app.get('/orders', authenticate(tokens), roles.requirePermissions('orders:read'), (_req, res) => res.json([]));
app.post('/orders', authenticate(tokens), roles.requirePermissions('orders:write'), (_req, res) => res.sendStatus(201));
app.get(
  '/users/:id',
  authenticate(tokens),
  authorizeIf((req) => req.params.id === req.principal.id),
  (req, res) => res.json({ id: req.params.id }),
);
// #endregion

// #region keys
const apiKeys = createApiKeys({ prefix: 'shop', find: (id) => keyTable.get(id) });

app.post('/keys', authenticate(tokens), roles.authorize('admin'), (_req, res) => {
  const { key, id, hash } = apiKeys.issue();
  keyTable.set(id, { hash, permissions: ['orders:read'] });
  res.status(201).json({ key }); // for the only time
});
app.get('/export', authenticate(apiKeys, tokens, serviceCallers()), (req, res) => res.json({ for: req.principal.kind }));
// #endregion

// #region own-way
const terminals = {
  challenge: 'Terminal',
  identify(req) {
    const shown = req.headers['x-terminal'];
    if (shown === undefined) return undefined; // not ours: the next way is asked
    if (!isSame(shown, process.env.TERMINAL_SECRET)) throw new UnauthorizedError('Invalid terminal'); // ours, and wrong
    return { kind: 'key', id: 'terminal', roles: ['clerk'], permissions: [] };
  },
};

// Digests are of one length, whatever was sent. Without a secret nobody is a terminal.
function isSame(shown, secret) {
  const digest = (text) => createHash('sha256').update(text).digest();
  return Boolean(secret) && timingSafeEqual(digest(shown), digest(secret));
}

app.get('/till', authenticate(tokens, terminals), roles.authorize('clerk', 'admin'), (_req, res) => res.json({ open: true }));
// #endregion

const server = app.listen(process.env.PORT ?? 3000, () => console.log(`at http://localhost:${server.address().port}`));
