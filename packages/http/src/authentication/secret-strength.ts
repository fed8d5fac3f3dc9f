/** Words of examples and tutorials, the long ones first. A secret that consists of these is one that others have, too. */
const PLACEHOLDER_WORDS = [
  'authentication application environment development placeholder keyboardcat characters passphrase production something',
  'signature password insecure security changeme default example express private refresh replace testing minimum signing',
  'session access change letmein qwerty please random secret secure sample server string strong before super token micro',
  'admin least chars bits this your very long node only test demo todo with here must auth that abc and bit dev foo bar jwt',
  'key the for not use xxx 12345678 123456 12345 1234 123 in to be is my me at it do a',
]
  .join(' ')
  .split(' ');

/** What is left of a secret when such words are gone must still be a secret. */
const MIN_LEFT = 16;
/** Fewer than chance gives to 32 hexadecimal digits once in some ten million times. */
const MIN_DIFFERENT = 8;

/**
 * What speaks against a secret that signs: anybody who has one token can try secrets on it, as fast as machines go (RFC 8725, 3.5).
 * This finds what people type and copy, not what only looks random.
 */
export function weaknessOf(secret: Uint8Array, minBytes: number): string | undefined {
  if (secret.byteLength < minBytes) return `is ${secret.byteLength} bytes long, and ${minBytes} are needed`;
  if (new Set(secret).size < MIN_DIFFERENT) return `consists of fewer than ${MIN_DIFFERENT} different characters`;
  if (hasPeriod(secret)) return 'is a short text, repeated';
  if (isSequence(secret)) return 'is a row of neighbouring characters';
  return isPlaceholder(Buffer.from(secret).toString('latin1')) ? 'is the text of an example' : undefined;
}

function hasPeriod(bytes: Uint8Array): boolean {
  for (let period = 1; period <= bytes.length / 2; period += 1) {
    if (bytes.every((byte, index) => index < period || byte === bytes[index - period])) return true;
  }
  return false;
}

/** `0123456789abcdef…`: most characters stand beside the one before them. */
function isSequence(bytes: Uint8Array): boolean {
  let steps = 0;
  for (let index = 1; index < bytes.length; index += 1) {
    if (Math.abs((bytes[index] as number) - (bytes[index - 1] as number)) <= 1) steps += 1;
  }
  return steps > bytes.length / 2;
}

/** Words are words in lower case, in upper case or as names have it: `kEy` in the middle of a random text is chance. */
function isPlaceholder(text: string): boolean {
  let left = text;
  for (const word of PLACEHOLDER_WORDS) {
    for (const spelling of new Set([word, word.toUpperCase(), (word[0] as string).toUpperCase() + word.slice(1)])) {
      // A space keeps what stood around it from forming a new word.
      left = left.replaceAll(spelling, ' ');
    }
  }
  return left.replace(/[\s_.,:;!?'"-]/g, '').length < MIN_LEFT;
}
