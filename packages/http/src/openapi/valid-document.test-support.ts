import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect } from 'vitest';
import { type OpenApiOptions, openApi } from '../index.ts';
import type { OpenApiDocument, Operation, Verb } from './document.ts';

const validator = new Validator();
const draft = new Ajv2020({ strict: false });
const REFERENCE = /"\$ref":"([^"]+)"/g;

export const INFO = { title: 'Orders', version: '1.0.0' };
/** What was said of documents that {@link documented} has made. */
export const warnings: string[] = [];
export const log = { warn: (message: string): void => void warnings.push(message) };

/** A document that is valid, and how to look into it. */
export async function documented(options: Omit<OpenApiOptions, 'info'>) {
  const document = openApi({ info: INFO, log, ...options });
  await expectValid(document);
  const operation = (verb: Verb, path: string) => document.paths[path]?.[verb] as Operation;
  return { document, operation, schemas: document.components.schemas };
}

/** Holds a document against the schema of OpenAPI 3.1, and against what that schema cannot say. */
export async function expectValid(document: OpenApiDocument): Promise<void> {
  const { valid, errors } = await validator.validate(structuredClone(document) as unknown as Record<string, unknown>);
  expect(errors ?? []).toEqual([]);
  expect(valid).toBe(true);

  const ids: string[] = [];
  for (const [path, item] of Object.entries(document.paths)) {
    for (const operation of Object.values(item)) {
      if (operation.operationId !== undefined) ids.push(operation.operationId);
      const parameters = operation.parameters ?? [];
      const inPath = parameters.filter((each) => each.in === 'path').map(({ name }) => name);
      expect(inPath).toEqual([...path.matchAll(/\{([^}]*)\}/g)].map(([, name]) => name));
      const places = parameters.map((each) => `${each.in} ${each.name}`);
      expect(new Set(places).size).toBe(places.length);
    }
  }
  expect(new Set(ids).size).toBe(ids.length);
  const patterns = Object.keys(document.paths).map((path) => path.replace(/\{[^}]*\}/g, '{}'));
  expect(new Set(patterns).size).toBe(patterns.length);

  for (const [, reference] of JSON.stringify(document).matchAll(REFERENCE)) {
    expect(reference).toMatch(/^#\/components\/(?:schemas|responses)\/[A-Za-z0-9._-]+$/);
    const [, , kind, name] = (reference as string).split('/') as [string, string, 'schemas' | 'responses', string];
    expect(Object.hasOwn(document.components[kind], name), reference).toBe(true);
  }
  // The schema of OpenAPI does not look into schemas.
  for (const schema of schemasOf(document))
    expect(draft.validateSchema(schema as object), JSON.stringify(draft.errors)).toBe(true);
  const judge = createJudge(document);
  for (const name of Object.keys(document.components.schemas)) judge({ $ref: `#/components/schemas/${name}` });
}

function schemasOf({ paths, components }: OpenApiDocument): unknown[] {
  const operations = Object.values(paths).flatMap((item) => Object.values(item));
  const bodies = [
    ...operations.map(({ requestBody }) => requestBody?.content),
    ...[...operations.flatMap(({ responses }) => Object.values(responses)), ...Object.values(components.responses)].map(
      (response) => ('content' in response ? response.content : undefined),
    ),
  ];
  return [
    ...Object.values(components.schemas),
    ...operations.flatMap(({ parameters = [] }) => parameters.map(({ schema }) => schema)),
    ...bodies.flatMap((content) => Object.values(content ?? {}).flatMap(({ schema }) => schema ?? [])),
  ];
}

/** Makes of schemas of the document, with what they refer to in it, functions that say what is wrong with a value. */
export function createJudge(document: OpenApiDocument): (schema: object) => (value: unknown) => string[] {
  const within = (value: unknown) => JSON.parse(JSON.stringify(value).replaceAll('"#/components/', '"openapi#/components/'));
  const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false });
  ajv.addSchema(within(document), 'openapi');
  return (schema) => {
    const validate = ajv.compile(within(schema));
    return (value) => (validate(value) ? [] : (validate.errors ?? []).map((error) => `${error.instancePath} ${error.message}`));
  };
}
