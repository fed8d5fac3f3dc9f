import { STATUS_CODES } from 'node:http';

/** What is made of an error, before it is written down. */
export interface Failure {
  readonly status: number;
  readonly code: string;
  /** For the client. */
  readonly message: string;
  /** Whether this happens in a program that is right. What does not is logged with its stack, and hidden in production. */
  readonly isExpected: boolean;
  readonly errors?: unknown;
  readonly data?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface FailureRules {
  /** Statuses of other services that are ours, too: all, or these. */
  readonly passRemoteStatus: boolean | readonly number[];
  /** The client has gone: nobody reads the answer. */
  readonly isClientGone: boolean;
  /** What the handler had set before it failed, where that says of a failure. */
  readonly statusSet?: number | undefined;
}

const MAX_MESSAGE = 2_000;

export function unexpected(status: number): Failure {
  return { status, code: status === 500 ? 'INTERNAL' : codeOfStatus(status), message: phraseOf(status), isExpected: false };
}

export function phraseOf(status: number): string {
  return STATUS_CODES[status] ?? (status < 500 ? 'Request failed' : 'Server failed');
}

/** `PAYLOAD_TOO_LARGE` of 413. */
export function codeOfStatus(status: number): string {
  return phraseOf(status)
    .toUpperCase()
    .replace(/[^A-Z0-9]+/g, '_');
}

export function isCode(code: unknown): code is string {
  return typeof code === 'string' && /^[\w.-]{1,64}$/.test(code);
}

/** As it is: in JSON and in a log each writer has its own way with what cannot be printed. */
export function textOf(message: unknown): string | undefined {
  if (typeof message !== 'string' || message === '') return undefined;
  return message.length > MAX_MESSAGE ? `${message.slice(0, MAX_MESSAGE - 1)}…` : message;
}
