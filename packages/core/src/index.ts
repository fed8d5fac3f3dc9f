export { normalizeAddress, readAddress } from './address.ts';
export { type AddressList, createAddressList } from './addresses.ts';
export type {
  AttemptEnd,
  AttemptWatch,
  CallEnd,
  CallObserver,
  CallTransport,
  CallWatch,
  ObservedAttempt,
  ObservedCall,
} from './call-observer.ts';
export type { CallableRoute, CallShape } from './callable-route.ts';
export { Cancellation } from './cancellation.ts';
export { type Clock, systemClock, type Timer } from './clock.ts';
export { settlesWithin } from './closing.ts';
export {
  type Caller,
  type Context,
  currentBeside,
  currentContext,
  type Entrance,
  enterBeside,
  entranceOf,
  isRequestId,
  keepContext,
  markEntrance,
  runBeside,
  runInContext,
} from './context.ts';
export { allowsOrigins, type CorsOptions, corsOption, type Origins, type ResolvedCors } from './cors-options.ts';
export { type ErrorKind, isMicroError, MicroError, type MicroErrorOptions, STATUS_OF_KIND } from './errors.ts';
export { createExpiries, type Expiry } from './expiry.ts';
export { type ExpressApp, type HandlingApp, isExpressApp } from './express-app.ts';
export { type AppWithPrototypes, giveExpressPrototypes, servesAlone } from './express-prototypes.ts';
export {
  type AnswerableError,
  type AnswerHead,
  type FailedAnswer,
  type FailureBody,
  failureText,
  headersOfError,
  isAnswerable,
  joinVary,
  replaceHeaders,
  sendFailedAnswer,
} from './failed-answer.ts';
export { isForbiddenKey, parseUntrustedJson } from './json.ts';
export { Lifetime, type LifetimeOptions } from './lifetime.ts';
export { consoleLog, type Log, silentLog } from './log.ts';
export { nearest } from './nearest.ts';
export {
  booleanOption,
  functionOption,
  groupOption,
  integerOption,
  type Option,
  OptionProblem,
  type OptionTable,
  printable,
  type Resolved,
  resolveOptions,
  show,
} from './options.ts';
export { type AppParts, type MeshPart, offerPart, partOf, type ShutdownPart, watchPart } from './parts.ts';
export { quickenServers } from './quick-servers.ts';
export { type Random, systemRandom } from './random.ts';
export { carryHeaders, headOfReply, type Reply } from './reply.ts';
export { requestIdOf } from './request-id.ts';
export { handlersOf, keepHandlers } from './route-handlers.ts';
export { type DeclaredStatuses, declaredBy, markRouteName, routeNameOf } from './route-name.ts';
export { stopServer, watchServers } from './servers.ts';
export { SlidingCounts } from './sliding-counts.ts';
