/**
 * What a client sends, as it can stand in a line of a log between quotes: no end of line, no quote that ends the field, nothing
 * that a terminal obeys. Backslashes are doubled, so that what is escaped can be told from what came so.
 */
export function escapeField(text: string): string {
  return NEEDS_ESCAPE.test(text) ? text.replace(EACH, escapeOne) : text;
}

/** The same for a whole line, whose own quotes are meant. */
export function escapeLine(text: string): string {
  return text.replace(CONTROL, escapeOne);
}

// biome-ignore-start lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const NEEDS_ESCAPE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029"\\]/;
const EACH = /[\u0000-\u001f\u007f-\u009f\u2028\u2029"\\]/g;
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;
// biome-ignore-end lint/suspicious/noControlCharactersInRegex: they are what is looked for.

const SHORT: Readonly<Record<string, string>> = { '"': '\\"', '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function escapeOne(character: string): string {
  return SHORT[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
