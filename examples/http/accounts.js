// Who may come in: users with a password, tokens, and sessions that last.
import { createPasswords, createRoles, createSessions, createTokens } from '@express-micro/http';

const passwords = createPasswords();
const users = [
  { id: 'u1', email: 'ada@shop.test', roles: ['clerk'], passwordHash: await passwords.hash('correct horse battery') },
  { id: 'u2', email: 'bea@shop.test', roles: ['admin'], passwordHash: await passwords.hash('staple of the stable') },
];

export const tokens = createTokens({ issuer: 'https://shop.test', audience: 'shop' });
export const sessions = createSessions({
  tokens,
  passwords,
  users: {
    findByLogin: (email) => users.find((user) => user.email === email),
    findById: (id) => users.find((user) => user.id === id),
  },
});
export const roles = createRoles({ admin: ['products:write'], clerk: [] });
