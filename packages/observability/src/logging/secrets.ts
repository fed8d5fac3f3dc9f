import { type Option, OptionProblem, type Resolved, show } from '@express-micro/core';

/** What stands in the place of a secret. */
export const REDACTED = '[redacted]';

/**
 * Names under which secrets stand, in small letters and without `-`, `_` and blanks. A name counts when one of these is in it
 * (`userPassword`, `X-Api-Key`, `refresh_token`).
 */
const PARTS = [
  'password', 'passwd', 'passphrase', 'secret', 'token', 'apikey', 'accesskey', 'privatekey', 'authorization', 'cookie',
  'credential', 'creditcard', 'cardnumber', 'sessionid', 'jwt', 'cvv', 'signature',
]; // biome-ignore format: a list of words
/** Those that are part of harmless names: they count alone. */
const WHOLE = ['auth', 'pwd', 'pass', 'pin', 'cvc', 'pan', 'ssn', 'sid', 'otp', 'card', 'bearer', 'session', 'code2fa', 'xauth'];
/** Names that hold such a part and no secret. */
const HARMLESS =
  /^(?:(?:max|min|total|prompt|completion|input|output|used|num|remaining)\w*tokens?|tokens?(?:count|used|limit|type)|cookieconsent)$/;

const MAX_KNOWN = 5_000;

/** Secrets in texts: what follows `Bearer`/`Basic` or stands behind a telling name, a password within a URL, a JSON web token. */
const CREDENTIALS = /\b(bearer|basic)\s+[\w.~+/=-]{8,}/gi;
const URL_PASSWORD = /(\w:\/\/[^\s/:@]*):[^\s/@]+@/g;
/** What begins like one and is none is taken as a whole: else each `-eyJ` in it would be tried to the end of it. */
const JSON_WEB_TOKEN = /\beyJ(?:[\w-]{8,}\.[\w-]{4,}\.[\w-]*|[\w-]*)/g;
const NAMED = /((?:password|passwd|secret|token|api[-_]?key)(?:=|\\?"\s*:\s*\\?"))[^\s&"',;\\]+/gi;
/** What the issuers of cards begin with, and as long as they make them, in groups or not. */
const CARD =
  /(?<![\w.-])(?:4\d{3}|5[1-5]\d{2}|2[2-7]\d{2}|6(?:011|4[4-9]\d|5\d{2})|35\d{2}|3[47]\d{2}|3(?:0[0-5]|[68]\d)\d)(?:[ -]?\d){10,12}(?![\w.-]*\d)/g;
/** Cheap to ask of a text that holds none of them. */
const SUSPICIOUS = /\d{4}[ -]?\d{4}|eyJ|(?:earer|asic|EARER|ASIC) |:\/\/|(?:word|asswd|ecret|oken|[Kk]ey)(?:=|\\?"\s*:)/;

/** Cheaper still, and true of a text that the other is true of. */
const PERHAPS = /\d{4}|[=:]|eyJ|are|asi|ARE|ASI/;
/** `a://:b@` is the shortest. */
const SHORTEST = 7;

/** The check digit that cards have; of other numbers that look like one, nine in ten fail it. */
function isCardNumber(digits: string): boolean {
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = digits.charCodeAt(digits.length - 1 - i) - 48;
    sum += i % 2 === 0 ? digit : digit < 5 ? digit * 2 : digit * 2 - 9;
  }
  return sum % 10 === 0;
}

const maskToken = (found: string): string => (found.includes('.') ? REDACTED : found);
const maskCard = (found: string): string => (isCardNumber(found.replace(/\D/g, '')) ? REDACTED : found);

export interface Secrets {
  /** Whether what stands under this name is a secret. */
  isSecretName(name: string): boolean;
  /** A text without the secrets in it; the same text where there are none. */
  mask(text: string): string;
}

export interface RedactOptions {
  /** Further names: `['iban', 'patient']`. Case, `-` and `_` do not count, and part of a name is enough. @default none */
  readonly keys?: readonly string[] | undefined;
  /** Further secrets in texts, as regular expressions with the flag `g`. Each costs a look at every text. @default none */
  readonly patterns?: readonly RegExp[] | undefined;
  /** Names that are shown although the rule catches them: `['tokenType']`. @default none */
  readonly show?: readonly string[] | undefined;
}

const plain = (name: string): string => name.toLowerCase().replace(/[-_\s.]/g, '');

export function createSecrets({ keys, patterns, show: shown }: Resolved<RedactTable>): Secrets {
  const parts = [...PARTS, ...keys.map(plain)];
  const whole = new Set(WHOLE);
  const exempt = new Set(shown.map(plain));
  // Lines have few different names; the names of a stranger's JSON are as many as he likes.
  const known = new Map<string, boolean>();

  function decide(name: string): boolean {
    const word = plain(name);
    if (exempt.has(word)) return false;
    if (whole.has(word) || keys.some((key) => word.includes(plain(key)))) return true;
    return !HARMLESS.test(word) && parts.some((part) => word.includes(part));
  }

  return {
    isSecretName(name) {
      let is = known.get(name);
      if (is === undefined) {
        is = decide(name);
        if (known.size >= MAX_KNOWN) known.clear();
        known.set(name, is);
      }
      return is;
    },
    mask(text) {
      let masked = text;
      if (text.length >= SHORTEST && PERHAPS.test(text) && SUSPICIOUS.test(text)) {
        masked = text
          .replace(CREDENTIALS, `$1 ${REDACTED}`)
          .replace(NAMED, `$1${REDACTED}`)
          .replace(URL_PASSWORD, `$1:${REDACTED}@`)
          .replace(JSON_WEB_TOKEN, maskToken)
          .replace(CARD, maskCard);
      }
      for (const pattern of patterns) masked = masked.replace(pattern, REDACTED);
      return masked;
    },
  };
}

/** Nothing is a secret: for who redacts elsewhere. */
export const NO_SECRETS: Secrets = Object.freeze({ isSecretName: () => false, mask: (text: string) => text });

function namesOption(): Option<readonly string[]> {
  return {
    takes: 'a list of names',
    fallback: () => [],
    read: (value) => {
      if (!Array.isArray(value)) throw new OptionProblem();
      const wrong: unknown = value.find((name: unknown) => typeof name !== 'string' || plain(name).length < 2);
      if (wrong !== undefined) throw new OptionProblem(`the entry ${show(wrong)}`);
      return Object.freeze([...(value as string[])]);
    },
  };
}

function patternsOption(): Option<readonly RegExp[]> {
  return {
    takes: 'a list of regular expressions with the flag g',
    fallback: () => [],
    read: (value) => {
      if (!Array.isArray(value)) throw new OptionProblem();
      const wrong: unknown = value.find((pattern: unknown) => !(pattern instanceof RegExp && pattern.global));
      if (wrong !== undefined) throw new OptionProblem(`the entry ${String(wrong)}`);
      return Object.freeze([...(value as RegExp[])]);
    },
  };
}

type RedactTable = {
  readonly keys: Option<readonly string[]>;
  readonly patterns: Option<readonly RegExp[]>;
  readonly show: Option<readonly string[]>;
};
export const REDACT_OPTIONS: RedactTable = { keys: namesOption(), patterns: patternsOption(), show: namesOption() };
