import type { Components } from './components.ts';
import type { Content, JsonSchemaObject, Reference, Response } from './document.ts';

const text = Object.freeze({ type: 'string' });

const FIELD_PROBLEM = Object.freeze({
  type: 'object',
  required: ['field', 'message'],
  properties: {
    field: { type: 'string', description: 'Where: `items.0.sku`; empty where it is the whole.' },
    message: text,
    in: { type: 'string', enum: ['params', 'query', 'body', 'headers'] },
  },
});

/** What every failed request is answered with. */
const ERROR_BODY = Object.freeze({
  type: 'object',
  required: ['status', 'message', 'code', 'requestId'],
  properties: {
    status: { type: 'string', const: 'error' },
    message: { type: 'string', description: 'For people.' },
    code: { type: 'string', description: 'For programs.' },
    requestId: { type: 'string', description: 'By which the log knows the request.' },
    errors: { type: 'array', items: FIELD_PROBLEM },
    data: { description: 'What comes with this code.' },
  },
});

/** The same, for who asks for `application/problem+json`. */
const PROBLEM = Object.freeze({
  type: 'object',
  description: 'RFC 9457',
  required: ['type', 'title', 'status', 'code', 'requestId'],
  properties: {
    type: { type: 'string', format: 'uri-reference' },
    title: text,
    status: { type: 'integer', minimum: 400, maximum: 599 },
    detail: text,
    instance: { type: 'string', format: 'uri-reference' },
    code: text,
    requestId: text,
    errors: { type: 'array', items: FIELD_PROBLEM },
    data: {},
  },
});

/** The bodies and responses that all operations share. Each comes into the document with the first that refers to it. */
export interface ErrorBodies {
  /** The content of an answer that is one of these bodies; any error where there are none, or where there are others, too. */
  content(bodies?: readonly ErrorBody[], hasOthers?: boolean): Content;
  declared(code: string, data: JsonSchemaObject | boolean | undefined): ErrorBody;
  response(name: 'Failed' | 'Forbidden' | 'Invalid' | 'Unauthorized'): Reference;
  /** Those that were referred to. */
  responses(): Readonly<Record<string, Response>>;
}

export interface ErrorBody {
  readonly code: string;
  readonly schema: JsonSchemaObject;
}

export function createErrorBodies(components: Components): ErrorBodies {
  const used = new Map<string, Response>();
  const base = () => components.named('ErrorBody', ERROR_BODY);

  function declared(code: string, data: JsonSchemaObject | boolean | undefined): ErrorBody {
    const own = {
      type: 'object',
      ...(data !== undefined && { required: ['data'] }),
      properties: { code: { type: 'string', const: code }, ...(data !== undefined && { data }) },
    };
    return { code, schema: components.named(`${inWords(code)}Error`, { allOf: [base(), own] }) };
  }

  const validation = (): ErrorBody => ({
    code: 'VALIDATION_FAILED',
    schema: components.named('ValidationError', {
      allOf: [
        base(),
        {
          type: 'object',
          required: ['errors'],
          properties: {
            code: { type: 'string', const: 'VALIDATION_FAILED' },
            errors: { type: 'array', items: FIELD_PROBLEM },
          },
        },
      ],
    }),
  });

  function content(bodies: readonly ErrorBody[] = [], hasOthers = false): Content {
    const schema =
      bodies.length === 0 ? base() : hasOthers ? { anyOf: [...bodies.map((each) => each.schema), base()] } : oneOf(bodies);
    return {
      'application/json': { schema },
      'application/problem+json': { schema: components.named('Problem', PROBLEM) },
    };
  }

  const makers: Readonly<Record<string, () => Response>> = {
    Failed: () => ({ description: 'It failed.', content: content() }),
    Forbidden: () => ({ description: 'Who calls is known, and may not.', content: content() }),
    Invalid: () => ({ description: 'Something in the request is not as it must be.', content: content([validation()]) }),
    Unauthorized: () => ({
      description: 'Who calls has not said, or not proven, who it is.',
      headers: { 'WWW-Authenticate': { schema: text } },
      content: content(),
    }),
  };

  return {
    content,
    declared,
    response(name) {
      if (!used.has(name)) used.set(name, makers[name]?.() as Response);
      return { $ref: `#/components/responses/${name}` };
    },
    responses: () => Object.fromEntries([...used].sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}

/** Told apart by their code. */
function oneOf(bodies: readonly ErrorBody[]): JsonSchemaObject {
  const [first] = bodies;
  if (first !== undefined && bodies.length === 1) return first.schema;
  return {
    oneOf: bodies.map(({ schema }) => schema),
    discriminator: {
      propertyName: 'code',
      mapping: Object.fromEntries(bodies.map(({ code, schema }) => [code, schema.$ref])),
    },
  };
}

/** `OUT_OF_STOCK` → `OutOfStock` */
function inWords(code: string): string {
  return code.toLowerCase().replace(/(?:^|_)([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
