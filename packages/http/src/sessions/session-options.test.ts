import { afterEach, describe, expect, it, vi } from 'vitest';
import { open as openTokens } from '../authentication/tokens.test-support.ts';
import { createSessions } from './sessions.ts';

afterEach(() => vi.unstubAllEnvs());

describe('options', () => {
  const { tokens } = openTokens();
  const users = { findByLogin: () => undefined, findById: () => undefined };

  it.each([
    [{}, 'it cannot do without'],
    [{ tokens }, '"users"'],
    [{ tokens, users: {} }, 'findByLogin and findById'],
    [{ tokens: {}, users }, 'what createTokens() gave'],
    [{ tokens, users, store: {} }, 'a session store'],
    [{ tokens, users, graceMs: 3_600_000 }, 'from 0 to 60000'],
    [{ tokens, users, loginField: '__proto__' }, 'the name of a field'],
    [{ tokens, users, present: 'id' }, 'what a client may know'],
    [{ tokens, users, refreshDays: 7 }, 'Unknown option "refreshDays"'],
  ])('%o is an error that says so', (options, text) => {
    expect(() => createSessions(options as never)).toThrow(
      expect.objectContaining({ code: 'HTTP_OPTION_INVALID', message: expect.stringContaining(text) }),
    );
  });

  it('without a store production hears what that means', () => {
    const warn = vi.fn();
    const log = { info() {}, warn, error() {} };
    createSessions({ tokens, users, log });
    expect(warn).not.toHaveBeenCalled();
    vi.stubEnv('NODE_ENV', 'production');
    createSessions({ tokens, users, log });
    expect(warn).toHaveBeenCalledExactlyOnceWith(expect.stringContaining('Give it a store that they share'));
  });
});
