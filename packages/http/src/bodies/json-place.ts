/** Where a text stops being JSON, counted from 1 as editors do. */
export interface JsonPlace {
  readonly line: number;
  readonly column: number;
}

/** The place of the first mistake; `undefined` where the text is JSON. */
export function placeOfError(text: string): JsonPlace | undefined {
  const offset = offsetOfError(text);
  if (offset === undefined) return undefined;
  let line = 1;
  let lineStart = 0;
  for (let at = text.indexOf('\n'); at >= 0 && at < offset; at = text.indexOf('\n', at + 1)) {
    line += 1;
    lineStart = at + 1;
  }
  return { line, column: offset - lineStart + 1 };
}

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const LITERAL = /true|false|null/y;

/**
 * V8 says where only in some of its messages, and quotes what stands there, which may be a secret. This reads the text once
 * more, after V8 has refused it: it keeps nothing but the brackets that are open, so that no nesting is too deep for it.
 */
function offsetOfError(text: string): number | undefined {
  const open: ('{' | '[')[] = [];
  let at = 0;
  let wants: 'value' | 'first value' | 'key' | 'first key' | 'comma' = 'value';
  const skipSpace = () => {
    while (at < text.length && ' \t\n\r'.includes(text[at] as string)) at += 1;
  };
  const match = (pattern: RegExp): boolean => {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (found !== null) at += found[0].length;
    return found !== null;
  };
  for (;;) {
    skipSpace();
    const character = text[at];
    if (wants === 'comma') {
      const inside = open.at(-1);
      if (inside === undefined) return at < text.length ? at : undefined;
      if (character === (inside === '{' ? '}' : ']')) {
        open.pop();
        at += 1;
      } else if (character === ',') {
        at += 1;
        wants = inside === '{' ? 'key' : 'value';
      } else return at;
    } else if (wants === 'key' || wants === 'first key') {
      if (character === '}' && wants === 'first key') {
        open.pop();
        at += 1;
        wants = 'comma';
        continue;
      }
      if (character !== '"') return at;
      const end = endOfString(text, at);
      if (!end.isWhole) return end.at;
      at = end.at;
      skipSpace();
      if (text[at] !== ':') return at;
      at += 1;
      wants = 'value';
    } else if (character === ']' && wants === 'first value') {
      open.pop();
      at += 1;
      wants = 'comma';
    } else if (character === '{' || character === '[') {
      open.push(character);
      at += 1;
      wants = character === '{' ? 'first key' : 'first value';
    } else if (character === '"') {
      const end = endOfString(text, at);
      if (!end.isWhole) return end.at;
      at = end.at;
      wants = 'comma';
    } else if (match(NUMBER) || match(LITERAL)) wants = 'comma';
    else return at;
  }
}

/** Behind the closing quote, or at what a string cannot hold. */
function endOfString(text: string, start: number): { readonly isWhole: boolean; readonly at: number } {
  for (let at = start + 1; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 0x22) return { isWhole: true, at: at + 1 };
    if (code < 0x20) return { isWhole: false, at };
    if (code !== 0x5c) continue;
    const isEscape = /^(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/.test(text.slice(at + 1, at + 6));
    if (!isEscape) return { isWhole: false, at };
    at += text[at + 1] === 'u' ? 5 : 1;
  }
  return { isWhole: false, at: text.length };
}
