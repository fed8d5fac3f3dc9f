// Hot path: every request to a contract passes here. Its bench: bench/contracts.mjs
import type { ServerResponse } from 'node:http';
import { AppError, ValidationError } from '../app-errors.ts';
import { jsonBody } from '../bodies/json-body.ts';
import { isProduction } from '../environment.ts';
import type { HttpRequest, Middleware } from '../middleware.ts';
import { createPartReader, judgeParts, type PartName, type PartReaders, problemsOf } from '../validation/part.ts';
import { isPromise } from '../validation/schema.ts';
import { type Answer, discard, isStream, type Returned, takeReturned, toAnswer } from './answer.ts';
import { createResponseChecker, type ResponseChecker } from './check-response.ts';
import type { ResolvedContractOptions } from './contract-options.ts';
import { createErrorMakers, schemaOfError } from './declared-errors.ts';
import type { ResponseCheck } from './definition.ts';
import { inSequence } from './guards.ts';
import { type RawQuery, readQuery } from './query.ts';
import { ServedRequest } from './request.ts';
import type { AnyRoute } from './route.ts';

/** A contract made ready to serve, whatever the framework: what stands in front of the handler, and what answers. */
export interface ServedRoute {
  /** Reads the body, and asks the guards. */
  readonly before: Middleware;
  /** Whether there are any. */
  readonly hasGuards: boolean;
  /**
   * Judges the parts, runs the handler, checks what it returns. `undefined`: it has answered by itself.
   * @param query as it was read of this URL @default it is read
   * @throws whatever the request is to be answered with
   */
  readonly answer: (req: HttpRequest, res: ServerResponse, params: unknown, query?: RawQuery) => Promise<Answer | undefined>;
}

type Parts = Readonly<Record<'params' | 'query' | 'body', unknown>>;

/** @throws HTTP_SCHEMA_INVALID */
export function serveRoute(name: string, { definition, handler }: AnyRoute, options: ResolvedContractOptions): ServedRoute {
  const { status, errors: declared, body: bodySchema, use = [] } = definition;
  const readers: PartReaders = (['params', 'query', 'body'] as const).flatMap((part) => {
    const schema = definition[part];
    return schema === undefined ? [] : [[part, createPartReader(part, schema, options, name)] as const];
  });
  const errors = createErrorMakers(declared, name);
  const check = definition.checkResponse ?? options.checkResponse;
  const checker = checkerOf(definition.response, check, `The answer of ${name}`);
  const place = `The answer of ${name}`;
  const run = handler as (request: unknown) => unknown;
  // What a body may be is for its schema to say.
  const reader = jsonBody({ maxBytes: options.maxBodyBytes, maxDepth: options.maxDepth, allowScalars: true });

  return {
    before: inSequence(bodySchema === undefined ? use : [reader, ...use]),
    hasGuards: use.length > 0,
    async answer(req, res, params, query = readQuery(req.url)) {
      const raw: Parts = { params, query, body: bodySchema === undefined ? undefined : bodyOf(req) };
      const judged = judgeParts(readers, (part) => raw[part as keyof Parts]);
      const parts = partsOf(readers, isPromise(judged) ? await judged : judged, raw);
      let returned: unknown;
      try {
        returned = await run(new ServedRequest(parts, errors, { req, res }));
      } catch (error) {
        await checkError(error, check, name);
        throw error;
      }
      const taken = takeReturned(returned);
      // Who asked has gone.
      if (res.destroyed) discard(taken.data);
      if (res.headersSent || res.writableEnded || res.destroyed) return undefined;
      try {
        if (req.method === 'HEAD' && isStream(taken.data)) return headOf(taken, status, place);
        const data = checker === undefined || isStream(taken.data) ? taken.data : await checker(taken.data);
        return toAnswer({ ...taken, data }, status, place);
      } catch (error) {
        discard(taken.data);
        throw error;
      }
    },
  };
}

/** Of a stream that nobody is to read: it may have no end. */
function headOf(returned: Returned, status: number | undefined, place: string): Answer {
  const answer = toAnswer(returned, status, place);
  discard(answer.body);
  discard(returned.data);
  return { ...answer, body: undefined };
}

function isChecked(check: ResponseCheck): check is Exclude<ResponseCheck, 'never'> {
  return check === 'always' || (check === 'outside-production' && !isProduction());
}

function checkerOf(schema: AnyRoute['definition']['response'], check: ResponseCheck, place: string): ResponseChecker | undefined {
  return schema === undefined || !isChecked(check) ? undefined : createResponseChecker(schema, check, place);
}

/** The data of a declared error is held against its schema as an answer is. What it was thrown with is what is sent. */
async function checkError(error: unknown, check: ResponseCheck, name: string): Promise<void> {
  const schema = schemaOfError(error);
  if (schema === undefined || !isChecked(check)) return;
  const { code, data } = error as AppError;
  await createResponseChecker(schema, 'outside-production', `The data of ${code} of ${name}`)(data);
}

/** @throws ValidationError with everything that is wrong */
function partsOf(readers: PartReaders, judged: Awaited<ReturnType<typeof judgeParts>>, raw: Parts): Parts {
  const problems = problemsOf(judged);
  if (problems.length > 0) throw new ValidationError(undefined, problems);
  const parts: Record<string, unknown> = { ...raw };
  readers.forEach(([part], index) => {
    parts[part satisfies PartName] = judged[index]?.value;
  });
  return parts as Parts;
}

/** @throws AppError 415 for a body that nobody could read */
function bodyOf(req: HttpRequest): unknown {
  const { 'content-length': length, 'transfer-encoding': encoding, 'content-type': type } = req.headers;
  const hasBody = encoding !== undefined || (length !== undefined && length !== '0');
  // Express 4's parsers make an empty object of no body.
  if (!hasBody) return undefined;
  if (req.body === undefined && !req.readableEnded) {
    throw unsupportedMediaType(type !== undefined);
  }
  return req.body;
}

export function unsupportedMediaType(isTyped: boolean): AppError {
  const why = isTyped ? 'is of a type that is not taken' : 'has no content-type';
  return new AppError(`The body ${why}; send application/json`, { status: 415, code: 'MEDIA_TYPE_UNSUPPORTED' });
}
