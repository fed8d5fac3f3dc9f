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
export type { ContractOptions } from './contracts/contract-options.ts';
export type { ErrorDefinition, Method, ResponseCheck, RouteDefinition } from './contracts/definition.ts';
export type { Jsonified } from './contracts/json.ts';
export { type MountTarget, mountRoutes } from './contracts/mount-routes.ts';
export { type Reply, type ReplyOptions, reply } from './contracts/reply.ts';
export type { ContractRequest } from './contracts/request.ts';
export { type AnyRoute, type Route, type Routes, route } from './contracts/route.ts';
export { routes } from './contracts/routes.ts';
export type { HttpErrorCode } from './errors.ts';
export type { HttpRequest, Middleware, Next } from './middleware.ts';
export type {
  JsonSchema,
  OpenApiDocument,
  OpenApiInfo,
  OpenApiServer,
  OpenApiTag,
  SecurityRequirement,
} from './openapi/document.ts';
export type { MountedRoutes } from './openapi/documented-routes.ts';
export { openApi } from './openapi/open-api.ts';
export { openApiPages } from './openapi/open-api-pages.ts';
export type { OpenApiOptions } from './openapi/options.ts';
export type { OpenApiPagesOptions } from './openapi/pages-options.ts';
export type { PlainRoute } from './openapi/plain-route.ts';
export type { Principal } from './principal.ts';
export { markSecurity, type SecurityMark, type SecurityScheme } from './security-mark.ts';
export type { ValidationOptions } from './validation/options.ts';
export type { InputOf, OutputOf, Schema } from './validation/schema.ts';
export type { UnknownKeys } from './validation/unknown-keys.ts';
export { type RequestSchemas, type ValidatedRequest, type ValidationMiddleware, validate } from './validation/validate.ts';
