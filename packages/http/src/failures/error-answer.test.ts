import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { AppError, ConflictError, NotFoundError, ValidationError } from '../app-errors.ts';
import { answer, inProduction, lines, log, request } from './answers.test-support.ts';
import { errorAnswers, toErrorAnswer } from './error-answer.ts';

describe('an error that was made for the client', () => {
  it('is answered with its status, message, code and data, and is not logged', () => {
    const { status, json, headers, body } = inProduction(
      new ConflictError('Out of stock', { code: 'OUT_OF_STOCK', data: { sku: 'a' } }),
    );
    expect(status).toBe(409);
    expect(json).toEqual({
      status: 'error',
      message: 'Out of stock',
      code: 'OUT_OF_STOCK',
      requestId: 'id-1',
      data: { sku: 'a' },
    });
    expect(headers).toEqual({
      'content-type': 'application/json; charset=utf-8',
      'content-length': String(Buffer.byteLength(body)),
      vary: 'Accept',
      'x-content-type-options': 'nosniff',
      'x-request-id': 'id-1',
    });
    expect(lines).toEqual([]);
  });

  it('says which fields are wrong', () => {
    const errors = [{ field: 'items.0.sku', message: 'is missing' }];
    expect(answer(new ValidationError(undefined, errors)).json).toMatchObject({ code: 'VALIDATION_FAILED', errors });
  });

  it('from 500 on is a line in the log, and none below', () => {
    answer(new AppError('The printer is out of paper'));
    answer(new ConflictError('Taken'));
    expect(lines).toEqual(['warn GET /orders/7 failed with 500, request id-1: The printer is out of paper']);
  });

  it('keeps its text, and no more than 2000 characters of it', () => {
    expect(answer(new ConflictError('two\nlines')).json.message).toBe('two\nlines');
    expect(answer(new ConflictError('x'.repeat(5_000))).json.message).toHaveLength(2_000);
  });

  it('brings its headers, but not such as say how the body is written, or that are none', () => {
    const headers = {
      'Retry-After': '30',
      'content-length': '1',
      'transfer-encoding': 'chunked',
      connection: 'upgrade',
      vary: 'Accept-Language',
      'x-bad': 'a\r\nb',
      'bad name': 'x',
    };
    const answered = answer(new AppError('Later', { status: 429, headers }));
    expect(answered.headers.vary).toBe('Accept-Language, Accept');
    expect(answered.headers).toMatchObject({ 'retry-after': '30', 'content-length': String(Buffer.byteLength(answered.body)) });
    expect(Object.keys(answered.headers)).not.toContain('transfer-encoding');
    expect(Object.keys(answered.headers)).not.toContain('connection');
    expect(Object.keys(answered.headers).filter((name) => name.includes('bad'))).toEqual([]);
  });

  it('may be of a class of the app itself, with isOperational', () => {
    const own = Object.assign(new Error('No such order'), {
      statusCode: 404,
      status: 'fail',
      isOperational: true,
      code: 'NO_ORDER',
    });
    expect(inProduction(own).json).toEqual({ status: 'error', message: 'No such order', code: 'NO_ORDER', requestId: 'id-1' });
  });

  it('with isOperational: false is a defect, whatever its status says', () => {
    const answered = inProduction(
      new AppError('table "users" is gone', { status: 404, code: 'DB', isOperational: false, data: { secret: 1 } }),
    );
    expect([answered.status, answered.json]).toEqual([
      500,
      { status: 'error', message: 'Internal Server Error', code: 'INTERNAL', requestId: 'id-1' },
    ]);
    expect(lines[0]).toContain('table "users" is gone');
  });

  it('is answered without what JSON cannot write', () => {
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    for (const data of [
      circle,
      1n,
      {
        toJSON: () => {
          throw new Error('no');
        },
      },
    ]) {
      expect(answer(new ConflictError('Taken', { data })).json).toEqual({
        status: 'error',
        message: 'Taken',
        code: 'CONFLICT',
        requestId: 'id-1',
      });
    }
  });
});

describe('an unexpected error', () => {
  it('in production is logged with its stack, and nothing of it leaves', () => {
    const error = new TypeError('secret text', { cause: new Error('inner cause') });
    const { status, body } = inProduction(error);
    expect(status).toBe(500);
    expect(body).toBe('{"status":"error","message":"Internal Server Error","code":"INTERNAL","requestId":"id-1"}');
    expect(lines).toEqual([`error GET /orders/7 failed with 500, request id-1: ${error.stack}`]);
  });

  it('elsewhere says its message, and its stack where that is asked for', () => {
    const error = new Error('secret text');
    expect(answer(error).json).toEqual({ status: 'error', message: 'secret text', code: 'INTERNAL', requestId: 'id-1' });
    expect(answer(error, { showStack: true }).json.stack).toBe(error.stack);
    expect(answer(error, { showMessage: false }).json.message).toBe('Internal Server Error');
  });

  it('keeps a status of its own, as Express does, and hides its message in production', () => {
    const error = Object.assign(new Error('secret text'), { status: 404, headers: { 'x-of-error': '1' } });
    const answered = inProduction(error);
    expect([answered.status, answered.json.message, answered.json.code]).toEqual([404, 'Not Found', 'NOT_FOUND']);
    expect(answered.headers['x-of-error']).toBe('1');
    expect(lines[0]).toMatch(/^warn /);
  });

  it('takes the status that the handler had set, and none that is no failure', () => {
    const answers = errorAnswers({ log });
    expect(answers(new Error('x'), request(), { statusSet: 404 }).status).toBe(404);
    for (const status of [200, 399, 600, 4.5, '404', Number.NaN])
      expect(answer(Object.assign(new Error('x'), { status })).status).toBe(500);
  });

  it('that tells of the answer of somebody else is a 502', () => {
    const axios = Object.assign(new Error('Request failed with status code 404'), { status: 404, response: { status: 404 } });
    const undici = Object.assign(new Error('x'), {
      statusCode: 401,
      code: 'UND_ERR_RESPONSE_STATUS_CODE',
      headers: { 'x-inner': '1' },
    });
    const aws = Object.assign(new Error('x'), { status: 403, $metadata: { httpStatusCode: 403 } });
    for (const error of [axios, undici, aws]) {
      const answered = inProduction(error);
      expect([answered.status, answered.json.message]).toEqual([502, 'Bad Gateway']);
      expect(answered.headers['x-inner']).toBeUndefined();
    }
  });

  it('may be anything that can be thrown', () => {
    const throwing = new Proxy(
      {},
      {
        get: () => {
          throw new Error('trap');
        },
        has: () => {
          throw new Error('trap');
        },
      },
    );
    const getter = Object.defineProperty(new Error('x'), 'status', {
      get: () => {
        throw new Error('getter');
      },
    });
    const noText = Object.create(null) as object;
    for (const thrown of [
      'text',
      '',
      null,
      undefined,
      7,
      Symbol('s'),
      7n,
      {},
      noText,
      [],
      () => {},
      throwing,
      getter,
      Object.freeze({}),
    ]) {
      expect(inProduction(thrown)).toMatchObject({ status: 500, json: { message: 'Internal Server Error', code: 'INTERNAL' } });
    }
    expect(lines).toHaveLength(14);
  });

  it('goes to report instead of the log, with what is known of the request', () => {
    const reported: unknown[] = [];
    const error = new Error('x');
    answer(error, {
      report: (thrown, { requestId, status, code, req }) => reported.push([thrown, requestId, status, code, req.method]),
    });
    expect(reported).toEqual([[error, 'id-1', 500, 'INTERNAL', 'GET']]);
    expect(lines).toEqual([]);
    answer(error, {
      report: () => {
        throw new Error('tracker is down');
      },
    });
    expect(lines[0]).toContain('tracker is down');
    expect(lines[1]).toContain('GET /orders/7 failed with 500');
  });
});

describe('problem details', () => {
  const PROBLEM = 'application/problem+json';
  it('go to clients that ask for them', () => {
    const answered = answer(new NotFoundError('No order 7', { code: 'NO_ORDER', data: { id: 7 } }), {}, { accept: PROBLEM });
    expect(answered.headers['content-type']).toBe(`${PROBLEM}; charset=utf-8`);
    expect(answered.json).toEqual({
      type: 'about:blank',
      title: 'Not Found',
      status: 404,
      detail: 'No order 7',
      instance: '/orders/7',
      code: 'NO_ORDER',
      requestId: 'id-1',
      data: { id: 7 },
    });
  });

  it('are chosen by what the client likes better', () => {
    const isProblem = (accept: string) =>
      answer(new NotFoundError(), {}, { accept }).headers['content-type']?.startsWith(PROBLEM);
    for (const accept of [
      PROBLEM,
      `${PROBLEM}, application/json`,
      `application/json;q=0.5, ${PROBLEM}`,
      `text/html, ${PROBLEM.toUpperCase()};q=0.1`,
    ]) {
      expect([accept, isProblem(accept)]).toEqual([accept, true]);
    }
    for (const accept of [
      '*/*',
      'application/*',
      'application/json',
      `${PROBLEM};q=0`,
      `${PROBLEM};q=0.5, application/json`,
      `${PROBLEM};q=x`,
    ]) {
      expect([accept, isProblem(accept)]).toEqual([accept, false]);
    }
  });

  it('can go to everybody, with pages that explain the codes', () => {
    const options = { alwaysProblem: true, problemType: (code: string) => `https://example.com/problems/${code}` };
    expect(answer(new NotFoundError(), options).json).toMatchObject({
      type: 'https://example.com/problems/NOT_FOUND',
      status: 404,
    });
  });
});

describe('what the options do', () => {
  it('is not in the way of an answer where it throws', () => {
    const broken = () => {
      throw new Error('broken');
    };
    expect(answer(new Error('x'), { log: { info: broken, warn: broken, error: broken } }).status).toBe(500);
    expect(answer(new NotFoundError(), { problemType: broken, alwaysProblem: true }).json.type).toBe('about:blank');
  });
});

describe('the request id', () => {
  it('is the one of the request where that is well-formed, else a new one, and the same each time', () => {
    const req = request({ 'x-request-id': 'no spaces' });
    const first = toErrorAnswer(new NotFoundError(), req, { log });
    const id = first.headers['x-request-id'];
    expect(id).toMatch(/^[0-9a-f-]{36}$/);
    expect(JSON.parse(first.body).requestId).toBe(id);
    expect(toErrorAnswer(new NotFoundError(), req, { log }).headers['x-request-id']).toBe(id);
  });
});

describe('options', () => {
  it('that nobody takes are an error with its code', () => {
    for (const options of [
      { shwStack: true },
      { showStack: 1 },
      { passRemoteStatus: [200] },
      { passRemoteStatus: 404 },
      { log: {} },
      { report: 1 },
    ]) {
      expect(() => errorAnswers(options as never)).toThrow(expect.objectContaining({ code: 'HTTP_OPTION_INVALID' }));
    }
  });

  it('showing the inside is refused in production', () => {
    vi.stubEnv('NODE_ENV', 'production');
    expect(() => errorAnswers({ showStack: true })).toThrow(/nothing of the inside leaves there/);
    expect(() => errorAnswers({ showMessage: true })).toThrow(/nothing of the inside leaves there/);
    expect(errorAnswers({ log, showStack: false })(new Error('x'), request()).body).not.toContain('stack');
  });
});

describe('whatever is thrown', () => {
  it('is answered with a well-formed failure that shows nothing of it in production', () => {
    vi.stubEnv('NODE_ENV', 'production');
    const answers = errorAnswers({ log });
    const fields = fc.record(
      Object.fromEntries(
        [
          'name',
          'message',
          'stack',
          'code',
          'kind',
          'type',
          'status',
          'statusCode',
          'headers',
          'errors',
          'data',
          'details',
          'body',
          'response',
        ].map((key) => [key, fc.oneof(fc.anything(), fc.integer({ min: 390, max: 610 }), fc.constant('SECRET'))]),
      ),
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.anything(),
          fields,
          fields.map((each) => Object.assign(new Error('SECRET'), each)),
        ),
        (thrown) => {
          const { status, body, headers } = answers(thrown, request());
          const json = JSON.parse(body);
          expect(Number.isInteger(status) && status >= 400 && status <= 599).toBe(true);
          expect(json).toMatchObject({
            status: 'error',
            message: expect.any(String),
            code: expect.any(String),
            requestId: 'id-1',
          });
          expect(headers['content-length']).toBe(String(Buffer.byteLength(body)));
          expect(body).not.toContain('SECRET');
        },
      ),
      { numRuns: 400 },
    );
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });
});
