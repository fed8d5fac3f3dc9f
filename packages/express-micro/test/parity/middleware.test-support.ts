import { createRequire } from 'node:module';
import type { RequestHandler } from 'express';

const require = createRequire(import.meta.url);

type Factory = (options?: unknown, more?: unknown) => RequestHandler;
type Listener = (error: Error | null, message: unknown) => void;

/** The packages of the ecosystem as their users have them. None of their types is needed to compare them with themselves. */
export const cors: Factory = require('cors');
export const helmet: Factory = require('helmet');
export const compression: Factory = require('compression');
export const cookieParser: Factory = require('cookie-parser');
export const session: Factory = require('express-session');
export const morgan: Factory & { token: (name: string, read: (req: Request, res: object) => string) => void } = require('morgan');
export const { rateLimit } = require('express-rate-limit') as { rateLimit: Factory };
export const methodOverride: (by: string | ((req: { query: Record<string, string> }) => string)) => RequestHandler =
  require('method-override');
export const responseTime: Factory = require('response-time');
export const onHeaders: (res: object, listener: (this: unknown) => void) => void = require('on-headers');
export const onFinished: ((message: object, listener: Listener) => void) & { isFinished: (message: object) => boolean } =
  require('on-finished');

interface Multer {
  (options: unknown): { any(): RequestHandler; single(field: string): RequestHandler; none(): RequestHandler };
  memoryStorage(): unknown;
}
export const multer: Multer = require('multer');
