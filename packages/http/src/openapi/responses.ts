import { isWithoutContent } from '../contracts/definition.ts';
import type { Components } from './components.ts';
import type { Content, Reference, Response } from './document.ts';
import type { DocumentedRoute } from './documented-routes.ts';
import type { ErrorBodies, ErrorBody } from './error-bodies.ts';
import type { GuardsSay } from './guards-say.ts';

type Responses = Readonly<Record<string, Response | Reference>>;

/** Everything that an operation may answer, by status. */
export function responsesOf(
  route: DocumentedRoute,
  guards: GuardsSay,
  isValidated: boolean,
  components: Components,
  bodies: ErrorBodies,
  owner: string,
): Responses {
  const refused = refusals(guards, isValidated, bodies);
  const declared = declaredErrors(route, refused, components, bodies, owner);
  const all: Responses = {
    ...good(route, components, owner),
    ...refused,
    ...declared,
    ...(isPlain(route) ? {} : { default: bodies.response('Failed') }),
  };
  if (route.verb !== 'head') return all;
  // Whatever is answered, HEAD has no body.
  return Object.fromEntries(
    Object.entries(all).map(([status, response]) => [
      status,
      { description: 'description' in response ? response.description : 'It failed.' },
    ]),
  );
}

/** Of a route that says nothing of its answers, nothing is known: not even that it fails as contracts do. */
function isPlain({ handler, said: { response, status, errors } }: DocumentedRoute): boolean {
  return handler === undefined && response === undefined && status === undefined && errors === undefined;
}

function good(route: DocumentedRoute, components: Components, owner: string): Responses {
  const { said, handler } = route;
  const { response, status } = said;
  if (isPlain(route)) return { default: { description: 'What it answers is not described.' } };
  const description = status !== undefined && status >= 300 ? 'Redirection.' : 'Success.';
  if (status !== undefined && isWithoutContent(status)) return { [status]: { description } };
  if (response !== undefined) {
    const schema = components.place(response, 'output', `${owner}Response`).whole();
    return { [status ?? 200]: { description, content: { 'application/json': { schema } } } };
  }
  if (handler !== undefined && isStreaming(handler)) {
    const content: Content = { 'application/x-ndjson': { schema: { description: 'Each line is JSON.' } } };
    return { [status ?? 200]: { description: 'A stream of lines.', content } };
  }
  if (status !== undefined) return { [status]: { description, content: { 'application/json': {} } } };
  return {
    200: { description: 'What the handler returns; its shape is not described.', content: { 'application/json': {} } },
    204: { description: 'Where it returns nothing.' },
  };
}

/** `async function*` */
function isStreaming(handler: object): boolean {
  return Object.prototype.toString.call(handler) === '[object AsyncGeneratorFunction]';
}

function refusals({ asksWho, demands }: GuardsSay, isValidated: boolean, bodies: ErrorBodies): Responses {
  return {
    ...(isValidated && { 400: bodies.response('Invalid') }),
    ...(asksWho && { 401: bodies.response('Unauthorized') }),
    ...(demands.length > 0 && { 403: bodies.response('Forbidden') }),
  };
}

function declaredErrors(
  { said }: DocumentedRoute,
  refused: Responses,
  components: Components,
  bodies: ErrorBodies,
  owner: string,
): Responses {
  const byStatus = new Map<number, { bodies: ErrorBody[]; words: string[] }>();
  for (const [code, { status, data, message }] of Object.entries(said.errors ?? {})) {
    const group = byStatus.get(status) ?? { bodies: [], words: [] };
    byStatus.set(status, group);
    const schema = data === undefined ? undefined : components.place(data, 'output', `${owner}${code}`).whole();
    group.bodies.push(bodies.declared(code, schema));
    group.words.push(message === undefined ? `\`${code}\`` : `\`${code}\`: ${message}`);
  }
  return Object.fromEntries(
    [...byStatus].map(([status, group]) => [
      String(status),
      { description: group.words.join('\n\n'), content: bodies.content(group.bodies, Object.hasOwn(refused, status)) },
    ]),
  );
}
