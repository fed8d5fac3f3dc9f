export {
  AppError,
  type AppErrorOptions,
  ConflictError,
  type FieldProblem,
  ForbiddenError,
  NotFoundError,
  TooManyRequestsError,
  UnauthorizedError,
  ValidationError,
} from './app-errors.ts';
export type { HttpErrorCode } from './errors.ts';
export type { HttpRequest, Middleware, Next } from './middleware.ts';
export type { Principal } from './principal.ts';
