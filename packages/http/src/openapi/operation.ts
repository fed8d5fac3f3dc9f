import { isPromise, runSchema, type Schema } from '../validation/schema.ts';
import type { Components } from './components.ts';
import type { Operation } from './document.ts';
import type { DocumentedRoute } from './documented-routes.ts';
import type { ErrorBodies } from './error-bodies.ts';
import { askGuards, type GuardsSay } from './guards-say.ts';
import { parametersOf } from './parameters.ts';
import type { PathTemplate } from './path-template.ts';
import { responsesOf } from './responses.ts';

export interface DescribedOperation {
  readonly operation: Operation;
  readonly guards: GuardsSay;
}

/**
 * @param id its own in the document
 * @param written the path as the document has it
 */
export function describeOperation(
  route: DocumentedRoute,
  id: string | undefined,
  written: PathTemplate,
  components: Components,
  bodies: ErrorBodies,
): DescribedOperation {
  const { verb, template, said } = route;
  const guards = askGuards(route.guards);
  const schemas = { ...guards.schemas, ...given(said.params, said.query, said.body) };
  const owner = capitalised(id ?? `${verb}${template.path}`);
  const parameters = parametersOf(schemas, template, written, components, owner);
  // A body of the others means nothing (RFC 9110, 9.3).
  const body = verb === 'post' || verb === 'put' || verb === 'patch' ? schemas.body : undefined;
  const isValidated = [schemas.params, schemas.query, schemas.headers, body].some((schema) => schema !== undefined);
  const description = [said.description, ...guards.demands].filter((text) => text !== undefined && text !== '').join('\n\n');
  const operation: Operation = {
    ...(id !== undefined && { operationId: id }),
    ...(said.summary !== undefined && { summary: said.summary }),
    ...(description !== '' && { description }),
    ...(said.tags !== undefined && { tags: [...said.tags] }),
    ...(said.deprecated === true && { deprecated: true }),
    ...(guards.security !== undefined && { security: guards.security }),
    ...(parameters.length > 0 && { parameters }),
    ...(body !== undefined && { requestBody: bodyOf(body, components, owner) }),
    responses: responsesOf(route, guards, isValidated, components, bodies, owner),
  };
  return { operation, guards };
}

function given(params: Schema | undefined, query: Schema | undefined, body: Schema | undefined): object {
  return { ...(params && { params }), ...(query && { query }), ...(body && { body }) };
}

function bodyOf(schema: Schema, components: Components, owner: string): NonNullable<Operation['requestBody']> {
  return {
    required: !takesNothing(schema),
    content: { 'application/json': { schema: components.place(schema, 'input', `${owner}Body`).whole() } },
  };
}

/** JSON Schema has no word for a value that is not there. */
function takesNothing(schema: Schema): boolean {
  try {
    const result = runSchema(schema, undefined, 'a body');
    if (!isPromise(result)) return result.issues === undefined;
    result.catch(() => {});
  } catch {
    // It broke: it does not take it.
  }
  return false;
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
