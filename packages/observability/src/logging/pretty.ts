import { LEVELS, type LevelName } from './levels.ts';

const COLOURS: Readonly<Record<LevelName, number>> = { error: 31, warn: 33, info: 32, http: 36, debug: 34, trace: 90 };
const WIDTH = Math.max(...Object.keys(LEVELS).map((name) => name.length));

/** Stands in the line, or in every line of one process. */
const TOLD = new Set(['level', 'timestamp', 'service', 'message', 'error', 'trace_id', 'span_id']);

/** Turns a line of JSON into one for people: `12:03:11.250 info  Order 7 is paid  requestId=…`, a stack below it. */
export function createPretty(hasColours: boolean): (line: string) => string {
  const paint = (colour: number, text: string) => (hasColours ? `\u001b[${colour}m${text}\u001b[39m` : text);
  return (line) => {
    const fields = JSON.parse(line) as Record<string, unknown>;
    const level = fields.level as LevelName;
    const time = new Date(String(fields.timestamp));
    const pad = (part: number, length = 2) => String(part).padStart(length, '0');
    const clock = `${pad(time.getHours())}:${pad(time.getMinutes())}:${pad(time.getSeconds())}.${pad(time.getMilliseconds(), 3)}`;
    const rest = Object.keys(fields)
      .filter((name) => !TOLD.has(name))
      .map((name) => ` ${paint(90, `${safe(name)}=`)}${shown(fields[name])}`);
    const message = fields.message === undefined ? '' : safe(String(fields.message));
    return `${paint(90, clock)} ${paint(COLOURS[level], level.padEnd(WIDTH))} ${message}${rest.join('')}\n${stackOf(fields.error)}`;
  };
}

function shown(value: unknown): string {
  return safe(typeof value === 'string' && /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value));
}

/** The stack, and what the error carries besides. */
function stackOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return error === undefined ? '' : `  ${safe(String(error))}\n`;
  const { type, message, stack, cause, ...rest } = error as Record<string, unknown>;
  const lines = String(stack ?? `${String(type)}: ${String(message)}`).split('\n');
  const extra = Object.keys(rest).length === 0 ? '' : `  ${safe(JSON.stringify(rest))}\n`;
  const why = cause === undefined ? '' : `  caused by\n${stackOf(cause)}`;
  return `${lines.map((line) => `  ${safe(line)}\n`).join('')}${extra}${why}`;
}

/** A terminal obeys what it is shown: nothing but text, and no second line. */
function safe(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]/gu, (character) => {
    const code = character.charCodeAt(0);
    return code === 10 ? '\\n' : code === 9 ? ' ' : `\\x${code.toString(16).padStart(2, '0')}`;
  });
}
