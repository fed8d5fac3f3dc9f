import { createSecretKey } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { hasDuplicates, isSameText, lastLine, line, mac } from './signature-base.ts';

describe('the signature base', () => {
  it('of RFC 9421 B.2.5 has the signature that the RFC prints', () => {
    const key = createSecretKey(
      Buffer.from('uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ==', 'base64'),
    );
    const base =
      line('"date"', 'Tue, 20 Apr 2021 02:07:55 GMT') +
      line('"@authority"', 'example.com') +
      line('"content-type"', 'application/json') +
      lastLine('("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret"');
    expect(base).toBe(
      [
        '"date": Tue, 20 Apr 2021 02:07:55 GMT',
        '"@authority": example.com',
        '"content-type": application/json',
        '"@signature-params": ("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret"',
      ].join('\n'),
    );
    expect(mac(key, base)).toBe(':pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=:');
  });
});

describe('comparing texts', () => {
  it.each([
    ['', '', true],
    ['a', 'a', true],
    ['a', 'b', false],
    ['a', 'aa', false],
    ['é', 'e', false],
    ['é', 'ab', false],
  ])('%j and %j: %s', (a, b, expected) => {
    expect(isSameText(a, b)).toBe(expected);
  });
});

describe('duplicate fields', () => {
  const names = ['Host', 'Signature', 'SIGNATURE-INPUT', 'content-digest', 'Express-Micro-Sender', 'express-micro-target'];

  it.each(names)('are found whatever their case: %s', (name) => {
    const raw = [...names, 'Accept', 'X-Twenty-Characters-'].flatMap((field) => [field, 'x']);
    expect(hasDuplicates(raw)).toBe(false);
    expect(hasDuplicates([...raw, name.toLowerCase(), 'y'])).toBe(true);
    expect(hasDuplicates([...raw, name.toUpperCase(), 'y'])).toBe(true);
  });

  it('of other names do not matter, and values are not names', () => {
    expect(hasDuplicates(['accept', 'signature', 'accept', 'signature', 'cookie', 'host'])).toBe(false);
    expect(hasDuplicates([])).toBe(false);
  });
});
