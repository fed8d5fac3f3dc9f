import { describe, expect, it } from 'vitest';
import { createSecrets } from '../logging/secrets.ts';
import { escapeField, escapeLine } from './escape.ts';
import { compileFormat } from './formats.ts';
import { redactUrl } from './redact-url.ts';
import { createTokens } from './tokens.ts';

const secrets = createSecrets({ keys: [], patterns: [], show: [] });

describe('a URL in a log', () => {
  it('has no secrets in its query', () => {
    expect(redactUrl('/a?token=abc&q=1&user%5Bpassword%5D=x&api_key=&Access_Token=y', secrets)).toBe(
      '/a?token=[redacted]&q=1&user%5Bpassword%5D=[redacted]&api_key=&Access_Token=[redacted]',
    );
    expect(redactUrl('http://u:p@h/a', secrets)).toBe('http://u:[redacted]@h/a');
    expect(redactUrl('/a?%zz=1&q', secrets)).toBe('/a?%zz=1&q');
  });
});

describe('what a client sends', () => {
  it('cannot end a line or a field, nor reach the terminal', () => {
    expect(escapeField('a"b\\c\nd\re\u001b[31m\u009b\u2028')).toBe('a\\"b\\\\c\\nd\\re\\u001b[31m\\u009b\\u2028');
    expect(escapeField('plain ü')).toBe('plain ü');
    expect(escapeLine('"quoted"\n')).toBe('"quoted"\\n');
  });
});

describe('a format', () => {
  const compile = (format: string) => compileFormat(format, { tokens: createTokens(secrets), own: {}, hasColours: false });

  it('with a word that stands for nothing is refused at once, with what there is', () => {
    expect(() => compile(':method :metod')).toThrow(/":metod", which stands for nothing. There are: id, method, url/);
    expect(() => compile('combind')).toThrow(/has no word in it.*combined, common, dev/);
    expect(() => compile(':constructor')).toThrow('stands for nothing');
    expect(() => compile(':metod')).toThrow(expect.objectContaining({ code: 'OBSERVABILITY_OPTION_INVALID' }));
  });
});
