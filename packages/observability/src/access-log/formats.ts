import type { IncomingMessage, ServerResponse } from 'node:http';
import { entranceOf, show } from '@express-micro/core';
import { optionInvalid } from '../errors.ts';
import { ObservedRequest } from '../request/observed-request.ts';
import { escapeField, escapeLine } from './escape.ts';
import type { OwnToken, Token } from './tokens.ts';

/** The words as functions of `(req, res, argument)`, for a format that is a function; as in morgan. */
export type TokenFunctions = Readonly<
  Record<string, (req: IncomingMessage, res: ServerResponse, argument?: string) => string | undefined>
>;

/** A line of your own; nothing, and the request is not logged. As in morgan. */
export type FormatFunction = (tokens: TokenFunctions, req: IncomingMessage, res: ServerResponse) => string | undefined | null;

/** Makes the line of a request, without its end; `undefined`: there is none. */
type Format = (request: ObservedRequest) => string | undefined;

const COMMON = ':remote-addr - :remote-user [:date[clf]] ":method :url HTTP/:http-version" :status :res[content-length]';

const FORMATS: Readonly<Record<string, string>> = Object.freeze({
  combined: `${COMMON} ":referrer" ":user-agent"`,
  common: COMMON,
  dev: ':method :url :status :response-time ms - :res[content-length]',
  short: ':remote-addr :remote-user :method :url HTTP/:http-version :status :res[content-length] - :response-time ms',
  tiny: ':method :url :status :res[content-length] - :response-time ms',
});

const WORD = /:([-\w]{2,})(?:\[([^\]]+)\])?/g;

export interface CompileOptions {
  readonly tokens: Readonly<Record<string, Token>>;
  readonly own: Readonly<Record<string, OwnToken>>;
  /** Whether the line is for a terminal: `dev` is coloured there. */
  readonly hasColours: boolean;
}

export interface Compiled {
  readonly format: Format;
  /** Whether it shows when the head of an answer was written. */
  readonly showsHead: boolean;
}

/** @param given a name of `FORMATS`, words and text (`':id :method :url'`), or a function @throws OBSERVABILITY_OPTION_INVALID */
export function compileFormat(given: string | FormatFunction, { tokens, own, hasColours }: CompileOptions): Compiled {
  const all = { ...tokens, ...Object.fromEntries(Object.entries(own).map(([name, token]) => [name, adopt(token)])) };
  if (typeof given === 'function') return { format: callWith(given, all), showsHead: true };
  const words = Object.hasOwn(FORMATS, given) ? (FORMATS[given] as string) : given;
  const parts = split(words, all);
  const format: Format = (request) => {
    let line = '';
    for (const part of parts) {
      if (typeof part === 'string') line += part;
      else {
        const value = part.token(request, part.argument);
        line += value === undefined || value === '' ? '-' : escapeField(value);
      }
    }
    return line;
  };
  const showsHead = words.includes(':response-time');
  if (given !== 'dev') return { format, showsHead };
  return { format: (request) => asForDevelopers(request, format, hasColours), showsHead };
}

interface Word {
  readonly token: Token;
  readonly argument: string | undefined;
}

function split(words: string, tokens: Readonly<Record<string, Token>>): readonly (string | Word)[] {
  const parts: (string | Word)[] = [];
  let at = 0;
  for (const found of words.matchAll(WORD)) {
    const [all, name = '', argument] = found;
    const token = Object.hasOwn(tokens, name) ? tokens[name] : undefined;
    if (token === undefined) {
      throw optionInvalid(
        `The format ${show(words)} has the word ":${name}", which stands for nothing. There are: ${Object.keys(tokens).join(', ')}. Give "tokens" for words of your own; the formats with a name are ${Object.keys(FORMATS).join(', ')}.`,
        { word: name },
      );
    }
    parts.push(escapeLine(words.slice(at, found.index)), { token, argument });
    at = found.index + all.length;
  }
  if (parts.length === 0) {
    throw optionInvalid(
      `The format ${show(words)} has no word in it, such as :method. The formats with a name are ${Object.keys(FORMATS).join(', ')}.`,
      {},
    );
  }
  parts.push(escapeLine(words.slice(at)));
  return parts;
}

function adopt(token: OwnToken): Token {
  return ({ req, res }, argument) => {
    const value = token(req, res, argument);
    return value === undefined || value === null ? undefined : String(value);
  };
}

function callWith(given: FormatFunction, all: Readonly<Record<string, Token>>): Format {
  const functions: Record<string, (req: IncomingMessage, res: ServerResponse, argument?: string) => string | undefined> = {};
  for (const [name, token] of Object.entries(all)) {
    functions[name] = (req, _res, argument) => {
      const request = entranceOf(req);
      const value = request instanceof ObservedRequest ? token(request, argument) : undefined;
      return value === undefined ? undefined : escapeField(value);
    };
  }
  return ({ req, res }) => {
    const line = given(functions, req, res);
    return line === undefined || line === null ? undefined : escapeLine(String(line));
  };
}

function asForDevelopers(request: ObservedRequest, format: Format, hasColours: boolean): string {
  const line = `${format(request)}${request.isFinished ? '' : ' aborted'}`;
  if (!hasColours) return line;
  const { status } = request;
  const colour = status >= 500 ? 31 : status >= 400 ? 33 : status >= 300 ? 36 : 32;
  return line.replace(` ${status} `, ` \u001b[${colour}m${status}\u001b[39m `);
}
