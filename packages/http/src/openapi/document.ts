import type { SecurityScheme } from '../security-mark.ts';

/** A JSON Schema (draft 2020-12), the schema language of OpenAPI 3.1. */
export type JsonSchema = boolean | JsonSchemaObject;
export type JsonSchemaObject = Readonly<Record<string, unknown>>;

/** What a schema takes, or what it gives. */
export type Side = 'input' | 'output';

/** https://spec.openapis.org/oas/v3.1.1.html, as far as it is written here. */
export interface OpenApiDocument {
  readonly openapi: '3.1.1';
  readonly info: OpenApiInfo;
  readonly servers?: readonly OpenApiServer[];
  readonly tags?: readonly OpenApiTag[];
  readonly security?: readonly SecurityRequirement[];
  readonly paths: Readonly<Record<string, PathItem>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, JsonSchema>>;
    readonly responses: Readonly<Record<string, Response>>;
    readonly securitySchemes: Readonly<Record<string, SecurityScheme>>;
  };
}

export interface OpenApiInfo {
  readonly title: string;
  /** Of the API, not of OpenAPI. */
  readonly version: string;
  readonly summary?: string | undefined;
  readonly description?: string | undefined;
  readonly termsOfService?: string | undefined;
  readonly contact?: { readonly name?: string; readonly url?: string; readonly email?: string } | undefined;
  readonly license?: { readonly name: string; readonly identifier?: string; readonly url?: string } | undefined;
}

export interface OpenApiServer {
  /** Absolute, or relative to where the document is: `/api`. */
  readonly url: string;
  readonly description?: string | undefined;
  readonly variables?:
    | Readonly<Record<string, { readonly default: string; readonly enum?: readonly string[]; readonly description?: string }>>
    | undefined;
}

export interface OpenApiTag {
  readonly name: string;
  readonly description?: string | undefined;
}

/** All of the schemes in one of these; an empty one lets strangers in. */
export type SecurityRequirement = Readonly<Record<string, readonly string[]>>;

export type Verb = 'get' | 'put' | 'post' | 'delete' | 'options' | 'head' | 'patch' | 'trace';
type PathItem = { readonly [V in Verb]?: Operation };

export interface Operation {
  readonly operationId?: string;
  readonly summary?: string;
  readonly description?: string;
  readonly tags?: readonly string[];
  readonly deprecated?: boolean;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly required: boolean; readonly content: Content };
  readonly responses: Readonly<Record<string, Response | Reference>>;
  readonly security?: readonly SecurityRequirement[];
}

export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required?: boolean;
  readonly description?: string;
  readonly deprecated?: boolean;
  readonly style?: 'form';
  readonly explode?: boolean;
  readonly schema: JsonSchema;
}

export type Content = Readonly<Record<string, { readonly schema?: JsonSchema }>>;

export interface Response {
  readonly description: string;
  readonly headers?: Readonly<Record<string, { readonly description?: string; readonly schema: JsonSchema }>>;
  readonly content?: Content;
}

export interface Reference {
  readonly $ref: string;
}
