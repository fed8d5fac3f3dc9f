import express from 'express';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { expressBase, securityMiddleware } from './express-base.ts';
import { portOf } from './port-of.ts';

afterEach(() => vi.unstubAllEnvs());

const misuse = (text: RegExp) => expect.objectContaining({ code: 'HTTP_OPTION_INVALID', message: expect.stringMatching(text) });

describe('CORS', () => {
  it('with credentials is refused for every origin, wherever that was said', () => {
    expect(() => securityMiddleware({ cors: { origins: '*', credentials: true } })).toThrow(misuse(/name the origins/));
    vi.stubEnv('ALLOWED_ORIGINS', '*');
    expect(() => securityMiddleware({ cors: { credentials: true } })).toThrow(misuse(/name the origins/));
    vi.stubEnv('ALLOWED_ORIGINS', '');
    expect(() => securityMiddleware({ cors: { credentials: true } })).toThrow(misuse(/name the origins/));
    vi.stubEnv('ALLOWED_ORIGINS', 'https://a.example');
    expect(() => securityMiddleware({ cors: { credentials: true } })).not.toThrow();
  });

  it('takes origins only, which are compared letter by letter', () => {
    for (const origins of [
      'shop.example',
      'https://a.example/path',
      'https://a.example, *',
      ['null'],
      [7],
      5,
      ['https://*.example/x'],
      'ftp:x',
    ]) {
      expect(() => securityMiddleware({ cors: { origins: origins as never } })).toThrow(misuse(/cors/));
    }
    vi.stubEnv('ALLOWED_ORIGINS', 'https://a.example,nonsense');
    expect(() => securityMiddleware()).toThrow(misuse(/ALLOWED_ORIGINS.*nonsense/));
  });
});

describe('trust proxy', () => {
  it('takes proxies by number or by name, and never everybody', () => {
    for (const trustProxy of [true, 0, 11, 1.5, [], ['nonsense'], ['0.0.0.0/0'], ['::/0'], 'everyone', {}]) {
      expect(() => expressBase(express(), { trustProxy: trustProxy as never })).toThrow(misuse(/trustProxy/));
    }
    for (const trustProxy of [1, ['10.0.0.0/8', 'loopback'], 'loopback, 10.0.0.1'] as const) {
      const app = express();
      expressBase(app, { trustProxy });
      expect(app.get('trust proxy')).toEqual(typeof trustProxy === 'string' ? ['loopback', '10.0.0.1'] : trustProxy);
    }
    const app = express();
    expressBase(app);
    expect(app.get('trust proxy')).toBe(false);
  });
});

describe('PORT', () => {
  it('is 3000 where nobody says, and an error where it is none', () => {
    expect([portOf({}), portOf({ PORT: '' }), portOf({ PORT: '8080' }), portOf({ PORT: '0' })]).toEqual([3000, 3000, 8080, 0]);
    for (const PORT of ['http', '-1', '65536', '80.5', '0x50']) expect(() => portOf({ PORT })).toThrow(misuse(/PORT/));
    vi.stubEnv('PORT', '4000');
    expect(expressBase(express()).port).toBe(4000);
  });
});

describe('options', () => {
  it('that are none, and what is no app, are errors at start', () => {
    expect(() => expressBase({} as never)).toThrow(misuse(/takes an Express app first/));
    expect(() => expressBase(express.Router() as never)).toThrow(misuse(/takes an Express app first/));
    for (const options of [
      { hemlet: {} },
      { helmet: true },
      { helmet: { contentSecurityPolicy: { directives: { 'default-src': [''], bad: 1 } } } },
      { compression: { level: 9 } },
      { json: { limit: '1mb' } },
      { json: true },
      { urlencoded: { maxBytes: 'x' } },
      { requestLogger: 'dev' },
      { cors: { origin: '*' } },
      { cors: { methods: ['GET\r\n'] } },
    ]) {
      expect(() => expressBase(express(), options as never)).toThrow(misuse(/expressBase\(\)/));
    }
  });

  it('false leaves a part out, and nothing else does', () => {
    expect(securityMiddleware()).toHaveLength(3);
    expect(securityMiddleware({ helmet: false, cors: false, compression: false, requestLogger: false })).toEqual([]);
    expect(() => securityMiddleware({ helmet: 0 as never })).toThrow(misuse(/helmet/));
  });
});
