import type { Request } from 'express';
import express from 'express';
import { expectTypeOf } from 'vitest';
import {
  authenticate,
  authorize,
  authorizeIf,
  createRoles,
  createSessions,
  createTokens,
  identify,
  type Middleware,
  type Principal,
  serviceCallers,
  type UserPrincipal,
} from '../src/index.ts';

// What @types/passport says: it and this package may both be there.
declare global {
  namespace Express {
    interface User {}
    interface Request {
      user?: User | undefined;
    }
  }
}

export function routes(): void {
  const app = express();
  const tokens = createTokens({ secret: 'x' });
  app.get('/me', authenticate(tokens), (req, res) => void res.json([req.user, req.principal?.id]));
  app.get('/a', authenticate({ secret: 'x' }), authorize('admin', 'clerk'), (_req, res) => void res.end());
  app.get('/b', authenticate(), identify(tokens, serviceCallers()), (_req, res) => void res.end());
  app.get(
    '/c/:id',
    authorizeIf((req: Request<{ id: string }>) => req.params.id === req.principal?.id),
    (_req, res) => void res.end(),
  );
  app.get(
    '/d',
    authorizeIf(async ({ principal }) => principal.roles.includes('x')),
    (_req, res) => void res.end(),
  );
  expectTypeOf(authenticate(tokens)).toExtend<Middleware>();
  expectTypeOf(identify(tokens)).toEqualTypeOf<Middleware>();
  expectTypeOf<Request['principal']>().toEqualTypeOf<Principal | undefined>();
  expectTypeOf(tokens.verify('x')).resolves.toEqualTypeOf<UserPrincipal>();
  // @ts-expect-error a token without somebody it is about
  void tokens.issue({ roles: [] });
  // @ts-expect-error no role at all
  authorize();
  // @ts-expect-error an option that there is not
  authenticate({ secert: 'x' });
  // @ts-expect-error ways and options do not mix
  authenticate(tokens, { secret: 'x' });
  // @ts-expect-error switching off is said with false
  createTokens({ cacheSize: null });
}

export function roles(): void {
  const { authorize, requirePermissions } = createRoles({ admin: ['orders:read', 'orders:write'], clerk: ['orders:read'] });
  authorize('admin', 'clerk');
  requirePermissions('orders:read', 'orders:write');
  // @ts-expect-error no such role
  authorize('amdin');
  // @ts-expect-error no such permission
  requirePermissions('orders:wirte');
}

export function sessions(): void {
  const app = express();
  const tokens = createTokens();
  interface User {
    id: string;
    email: string;
    passwordHash: string | null;
  }
  const users = {
    findByLogin: async (_login: string): Promise<User | undefined> => undefined,
    findById: (_id: string): User | undefined => undefined,
  };
  const all = createSessions({
    tokens,
    users,
    present: ({ id, email }) => ({ id, email }),
    claims: (user) => ({ mail: user.email }),
  });
  app.post('/login', express.json(), all.login);
  // @ts-expect-error a user without an id
  createSessions({ tokens, users: { findByLogin: () => ({ name: 'x' }), findById: () => undefined } });
  // @ts-expect-error a session is of a user
  void all.openFor({ id: '1' });
}
