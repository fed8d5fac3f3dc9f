import { isObject } from '../validation/json-schema.ts';
import type { Schema } from '../validation/schema.ts';
import type { Components } from './components.ts';
import type { JsonSchema, Parameter } from './document.ts';
import type { PathParameter, PathTemplate } from './path-template.ts';

/** Headers that OpenAPI describes elsewhere; a parameter of their name says nothing (Parameter Object). */
const ELSEWHERE: ReadonlySet<string> = new Set(['accept', 'content-type', 'authorization']);

export interface ParameterSchemas {
  readonly params?: Schema | undefined;
  readonly query?: Schema | undefined;
  readonly headers?: Schema | undefined;
}

/**
 * The parameters of an operation, those of the path first.
 *
 * @param written the path as the document has it: another route may have named the same places otherwise
 * @param owner what they are called after in the document: `GetOrders`
 */
export function parametersOf(
  { params, query, headers }: ParameterSchemas,
  template: PathTemplate,
  written: PathTemplate,
  components: Components,
  owner: string,
): readonly Parameter[] {
  return [
    ...pathParameters(params, template, written, components, owner),
    ...queryParameters(query, components, owner),
    ...headerParameters(headers, components, owner),
  ];
}

function pathParameters(
  schema: Schema | undefined,
  template: PathTemplate,
  written: PathTemplate,
  components: Components,
  owner: string,
): Parameter[] {
  const told = schema === undefined ? undefined : components.place(schema, 'input', `${owner}Params`).properties();
  return template.parameters.map(({ name, isWildcard }: PathParameter, index) => ({
    name: written.parameters[index]?.name ?? name,
    in: 'path',
    required: true,
    ...(isWildcard && { description: 'One segment or more.' }),
    ...aboutItself(told?.find((property) => property.name === name)?.schema ?? { type: 'string' }),
  }));
}

function queryParameters(schema: Schema | undefined, components: Components, owner: string): Parameter[] {
  if (schema === undefined) return [];
  const placed = components.place(schema, 'input', `${owner}Query`);
  // What a form writes of an object is a pair for each of its properties: the name of the parameter itself is in none.
  const told = placed.properties() ?? [{ name: 'query', schema: placed.whole(), isRequired: false }];
  return told.map(({ name, schema: inner, isRequired }) => ({
    name,
    in: 'query',
    ...(isRequired && { required: true }),
    // Of a list, each by itself: `?tag=a&tag=b`.
    style: 'form',
    explode: true,
    ...aboutItself(inner),
  }));
}

function headerParameters(schema: Schema | undefined, components: Components, owner: string): Parameter[] {
  if (schema === undefined) return [];
  const told = components.place(schema, 'input', `${owner}Headers`).properties() ?? [];
  return told
    .filter(({ name }) => name !== '' && !ELSEWHERE.has(name.toLowerCase()))
    .map(({ name, schema: inner, isRequired }) => ({
      name,
      in: 'header',
      ...(isRequired && { required: true }),
      ...aboutItself(inner),
    }));
}

/** Tools show what stands on the parameter; the schema keeps it as well. */
function aboutItself(schema: JsonSchema): Pick<Parameter, 'schema' | 'description' | 'deprecated'> {
  const { description, deprecated } = isObject(schema) ? schema : {};
  return {
    ...(typeof description === 'string' && { description }),
    ...(deprecated === true && { deprecated }),
    schema,
  };
}
