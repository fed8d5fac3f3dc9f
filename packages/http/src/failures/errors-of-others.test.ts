import { MicroError } from '@express-micro/core';
import { describe, expect, it } from 'vitest';
import { AppError } from '../app-errors.ts';
import { answer, inProduction, lines, log, request } from './answers.test-support.ts';
import { toErrorAnswer } from './error-answer.ts';

const mesh = (code: string, kind: string, status?: number, extras: object = {}) =>
  Object.assign(new MicroError({ code, kind: kind as never, message: 'inner text of 10.0.0.1', status }), extras);

describe('errors of others', () => {
  it('those of http-errors are for the client below 500, with their text, and hidden from 500 on', () => {
    const notFound = Object.assign(new Error('No such page'), { status: 404, expose: true });
    expect(inProduction(notFound)).toMatchObject({ status: 404, json: { message: 'No such page', code: 'NOT_FOUND' } });
    expect(lines).toEqual([]);
    const down = Object.assign(new Error('db-1 is down'), { status: 503, expose: false });
    expect(inProduction(down)).toMatchObject({
      status: 503,
      json: { message: 'Service Unavailable', code: 'SERVICE_UNAVAILABLE' },
    });
    expect(lines).toHaveLength(1);
  });

  it("body-parser's malformed JSON has the place, and nothing of the text", () => {
    const error = Object.assign(new SyntaxError('Unexpected token \'x\', "{"password": x" is not valid JSON'), {
      status: 400,
      expose: true,
      type: 'entity.parse.failed',
      body: '{\n  "password": xecret }',
    });
    const answered = inProduction(error);
    expect(answered.json).toMatchObject({ code: 'BODY_MALFORMED', data: { line: 2, column: 15 } });
    expect(answered.body).not.toMatch(/password|xecret/);
  });

  it("a path that Express's router cannot decode is a 400", () => {
    const error = Object.assign(new URIError("Failed to decode param '%zz'"), { status: 400 });
    expect(inProduction(error)).toMatchObject({
      status: 400,
      json: { code: 'PATH_MALFORMED', message: 'The path is not well-formed' },
    });
  });

  it('can be made errors for the client by translate; one that throws leaves them as they are', () => {
    const translate = (error: unknown) => ((error as Error).name === 'MulterError' ? new AppError('Too large', 413) : undefined);
    const multer = Object.assign(new Error('File too large'), { name: 'MulterError' });
    expect(inProduction(multer, { translate })).toMatchObject({ status: 413, json: { message: 'Too large' } });
    expect(inProduction(new Error('other'), { translate }).status).toBe(500);
    expect(
      inProduction(multer, {
        translate: () => {
          throw new Error('oops');
        },
      }).status,
    ).toBe(500);
    expect(lines.join()).toContain('oops');
  });
});

describe('a failed call to another service', () => {
  it("its 404 is not ours: 502, and nothing of the other's text", () => {
    for (const status of [400, 401, 404, 409, 418, 500, 502]) {
      const answered = inProduction(mesh('MESH_REMOTE_STATUS', 'not_found', status, { data: { secret: 1 } }));
      expect([answered.status, answered.json]).toEqual([
        502,
        { status: 'error', message: 'Bad Gateway', code: 'MESH_REMOTE_STATUS', requestId: 'id-1' },
      ]);
    }
  });

  it('unless passRemoteStatus says so', () => {
    const error = mesh('MESH_REMOTE_STATUS', 'not_found', 404);
    expect(answer(error, { passRemoteStatus: true }).status).toBe(404);
    expect(answer(error, { passRemoteStatus: [404, 409] }).json).toMatchObject({ message: 'Not Found' });
    expect(answer(error, { passRemoteStatus: [409] }).status).toBe(502);
  });

  it('"later" goes on as "later", with when', () => {
    for (const status of [429, 503, 504]) {
      const error = new MicroError({
        code: 'MESH_REMOTE_STATUS',
        kind: 'unavailable',
        message: 'x',
        status,
        details: { retryAfterSeconds: 7 },
      });
      expect(answer(error)).toMatchObject({ status, headers: { 'retry-after': '7' } });
    }
  });

  it('says that nobody is there, that it is late, that there is too much to do', () => {
    expect(answer(mesh('MESH_SERVICE_UNAVAILABLE', 'unavailable')).status).toBe(503);
    expect(answer(mesh('MESH_CONNECTION_LOST', 'unavailable')).status).toBe(503);
    expect(answer(mesh('MESH_DEADLINE_EXCEEDED', 'deadline_exceeded')).json).toMatchObject({
      message: 'Gateway Timeout',
      code: 'MESH_DEADLINE_EXCEEDED',
    });
    expect(answer(mesh('MESH_OVERLOADED', 'resource_exhausted', 503)).status).toBe(503);
    expect(answer(mesh('LIMITS_SPENT', 'resource_exhausted')).status).toBe(429);
    // What we could not do for lack of somebody else is a line, without a stack.
    expect(lines).toHaveLength(4);
    expect(lines[0]).toBe('warn GET /orders/7 failed with 503, request id-1: inner text of 10.0.0.1');
  });

  it('that was made wrongly is our defect', () => {
    for (const [code, kind] of [
      ['MESH_ARGUMENT_INVALID', 'invalid_argument'],
      ['MESH_FUNCTION_NOT_FOUND', 'not_found'],
      ['MESH_NOT_ALLOWED', 'permission_denied'],
      ['HTTP_OPTION_INVALID', 'invalid_argument'],
    ] as const) {
      expect(inProduction(mesh(code, kind))).toMatchObject({
        status: 500,
        json: { code: 'INTERNAL', message: 'Internal Server Error' },
      });
    }
    expect(lines).toHaveLength(4);
  });

  it('called off is nobody to answer where the client has gone, and a defect where it has not', () => {
    expect(answer(mesh('MESH_CANCELLED', 'cancelled')).status).toBe(500);
    const req = request();
    req.socket.destroy();
    expect(toErrorAnswer(mesh('MESH_CANCELLED', 'cancelled'), req, { log }).status).toBe(499);
  });
});
