import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { afterEach, beforeEach, vi } from 'vitest';
import { type ErrorAnswer, toErrorAnswer } from './error-answer.ts';
import type { ErrorHandlerOptions } from './error-options.ts';

export function request(headers: Record<string, string> = {}, url = '/orders/7?token=abc'): IncomingMessage {
  const req = new IncomingMessage(new Socket());
  return Object.assign(req, { method: 'GET', url, headers: { 'x-request-id': 'id-1', ...headers } });
}

export const lines: string[] = [];
export const log = {
  info: (): void => {},
  warn: (line: string): void => void lines.push(`warn ${line}`),
  error: (line: string): void => void lines.push(`error ${line}`),
};
beforeEach(() => void lines.splice(0));
afterEach(() => vi.unstubAllEnvs());

type Answer = ErrorAnswer & { readonly json: Record<string, unknown> };

export function answer(error: unknown, options: ErrorHandlerOptions = {}, headers: Record<string, string> = {}): Answer {
  const answered = toErrorAnswer(error, request(headers), { log, ...options });
  return { ...answered, json: JSON.parse(answered.body) };
}

export function inProduction(error: unknown, options: ErrorHandlerOptions = {}): Answer {
  vi.stubEnv('NODE_ENV', 'production');
  return answer(error, options);
}
