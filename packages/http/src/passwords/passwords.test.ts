import { createHash } from 'node:crypto';
import * as argon2 from '@node-rs/argon2';
import { describe, expect, it, vi } from 'vitest';
import { argon2id } from './argon2.ts';
import type { PasswordHasher } from './password-hasher.ts';
import { createPasswords } from './passwords.ts';
import { scrypt } from './scrypt.ts';
import { createTurns } from './turns.ts';

/** Quick enough for a test; the parameters are the only difference. */
const quick = () => scrypt({ logCost: 4, parallelism: 1 });
const RIGHT = 'correct horse battery';
const gate = () => {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
};

/** Counts what a hasher is made to do, which is what takes time. */
function counted(hasher: PasswordHasher) {
  const work: string[] = [];
  const counting: PasswordHasher = {
    ...hasher,
    hash: (password) => {
      work.push('derive');
      return hasher.hash(password);
    },
    verify: (password, stored) => {
      work.push('derive');
      return hasher.verify(password, stored);
    },
  };
  return { work, hasher: counting };
}

describe.each([
  ['scrypt', quick, scrypt({ logCost: 5, parallelism: 1 })],
  ['argon2id of @node-rs/argon2', () => argon2id(argon2, { memoryKiB: 1_024 }), argon2id(argon2, { memoryKiB: 2_048 })],
])('passwords by %s', (_name, hasher, stronger) => {
  it('are right or wrong, and each hash is another', async () => {
    const passwords = createPasswords({ hasher: hasher() });
    const [one, two] = [await passwords.hash(RIGHT), await passwords.hash(RIGHT)];
    expect(one).not.toBe(two);
    expect(one).toMatch(/^\$(scrypt|argon2id)\$/);
    expect(await passwords.verify(RIGHT, one)).toBe(true);
    expect(await passwords.verify(RIGHT, two)).toBe(true);
    expect(await passwords.verify(`${RIGHT} `, one)).toBe(false);
    expect(await passwords.verify('', one)).toBe(false);
    expect(await passwords.verify(RIGHT.toUpperCase(), one)).toBe(false);
  });

  it('are hashed anew when the parameters were raised, and the old hash counts until then', async () => {
    const stored = await createPasswords({ hasher: hasher() }).hash(RIGHT);
    const passwords = createPasswords({ hasher: stronger });
    expect(await passwords.verify(RIGHT, stored)).toBe(true);
    expect(passwords.needsRehash(stored)).toBe(true);
    expect(passwords.needsRehash(await passwords.hash(RIGHT))).toBe(false);
  });

  it('are the same however a keyboard put them together', async () => {
    const passwords = createPasswords({ hasher: hasher() });
    const stored = await passwords.hash('Cafe\u0301 \ufb01n \u2460');
    expect(await passwords.verify('Caf\u00e9 fin 1', stored)).toBe(true);
  });
});

describe('the default', () => {
  it('is scrypt with what OWASP asks for', { timeout: 30_000 }, async () => {
    const passwords = createPasswords();
    const stored = await passwords.hash(RIGHT);
    expect(stored).toMatch(/^\$scrypt\$ln=15,r=8,p=3\$[\w+/]{22}\$[\w+/]{43}$/);
    expect(await passwords.verify(RIGHT, stored)).toBe(true);
  });
});

describe('hashes of a former system', () => {
  const md5 = (text: string) => createHash('md5').update(text).digest('hex');
  const former = [
    {
      recognizes: (stored: string) => stored.startsWith('md5:'),
      verify: async (password: string, stored: string) => stored === `md5:${md5(password)}`,
    },
  ];

  it('count, and are to be made anew', async () => {
    const passwords = createPasswords({ hasher: quick(), former });
    expect(await passwords.verify(RIGHT, `md5:${md5(RIGHT)}`)).toBe(true);
    expect(await passwords.verify('wrong', `md5:${md5(RIGHT)}`)).toBe(false);
    expect(passwords.needsRehash(`md5:${md5(RIGHT)}`)).toBe(true);
  });

  it('that nobody knows, or that are broken, are wrong passwords, and said once', async () => {
    const warn = vi.fn();
    const passwords = createPasswords({ hasher: quick(), log: { info() {}, warn, error() {} } });
    const broken = [
      'md5:abc',
      '',
      '$scrypt$',
      '$scrypt$ln=4,r=8,p=1$!$!',
      '$scrypt$ln=0,r=0,p=0$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA',
      '$scrypt$ln=30,r=32,p=99$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA',
    ];
    for (const stored of broken) expect([stored, await passwords.verify(RIGHT, stored)]).toEqual([stored, false]);
    expect(warn).toHaveBeenCalledOnce();
    const odd = createPasswords({ hasher: argon2id(argon2), log: false });
    expect(await odd.verify(RIGHT, '$argon2id$v=19$m=1,t=0,p=0$x$y')).toBe(false);
  });
});

describe('somebody who is not there', () => {
  it('costs the same work as somebody who is, right or wrong', async () => {
    const { work, hasher } = counted(quick());
    const passwords = createPasswords({ hasher, log: false });
    const stored = await passwords.hash(RIGHT);
    const workOf = async (password: string, of: string | undefined) => {
      work.length = 0;
      await passwords.verify(password, of);
      return [...work];
    };
    for (const [password, of] of [
      [RIGHT, stored],
      ['wrong', stored],
      ['wrong', undefined],
      [RIGHT, undefined],
      ['wrong', 'unreadable'],
    ] as const)
      expect(await workOf(password, of)).toEqual(['derive']);
    for (const of of [stored, undefined]) expect(await workOf('x'.repeat(1_025), of)).toEqual([]);
  });
});

describe('a new password', () => {
  it('is refused when it is too short or too long, without being looked at', async () => {
    const { work, hasher } = counted(quick());
    const passwords = createPasswords({ hasher });
    for (const password of [
      'short',
      '🙂'.repeat(7),
      'x'.repeat(1_025),
      'ü'.repeat(600),
      'x'.repeat(50_000_000),
      undefined,
      7,
      { length: 9 },
    ])
      await expect(passwords.hash(password as string)).rejects.toMatchObject({ status: 400, errors: [{ field: 'password' }] });
    expect(work).toEqual([]);
    expect(await passwords.hash('🙂'.repeat(8))).toContain('$scrypt$');
  });

  it.each([
    [{ hasher: 'scrypt' }, 'scrypt(…), argon2id(…)'],
    [{ former: [{}] }, 'recognizes and verify'],
    [{ maxAtOnce: 0 }, 'from 1 to 128'],
    [{ pepper: 'x' }, 'Unknown option "pepper"'],
  ])('%j as options is an error that says so', (options, text) => {
    expect(() => createPasswords(options as never)).toThrow(text);
  });

  it('hashers say what is wrong with their options', () => {
    expect(() => scrypt({ logCost: 20 })).toThrow('Lower "logCost"');
    expect(() => scrypt({ logCost: 21 })).toThrow('from 1 to 20');
    expect(() => argon2id(undefined as never)).toThrow('takes the library first');
    expect(() => argon2id(argon2, { memoryKiB: 1 })).toThrow('from 1024');
  });
});

describe('many hashings', () => {
  it('take turns, and no more wait than may', async () => {
    let running = 0;
    let most = 0;
    const held = gate();
    const hasher: PasswordHasher = {
      ...quick(),
      hash: async () => {
        running += 1;
        most = Math.max(most, running);
        await held.opened;
        running -= 1;
        return 'hash';
      },
    };
    const passwords = createPasswords({ hasher, maxAtOnce: 3, maxWaiting: 5 });
    const asked = Array.from({ length: 20 }, () =>
      passwords.hash(RIGHT).catch((error: { status: number; code: string }) => `${error.status} ${error.code}`),
    );
    held.open();
    const answers = await Promise.all(asked);
    expect(answers.filter((answer) => answer === 'hash')).toHaveLength(8);
    expect(answers.filter((answer) => answer === '503 PASSWORDS_BUSY')).toHaveLength(12);
    expect(most).toBe(3);
    expect(await passwords.hash(RIGHT)).toBe('hash');
  });

  it('one that fails gives its turn on', async () => {
    const inTurn = createTurns(1, 10);
    const order: number[] = [];
    const runs = [1, 2, 3].map((index) =>
      inTurn(async () => {
        order.push(index);
        if (index === 2) throw new Error('2');
        return index;
      }).catch((error: Error) => error.message),
    );
    expect(await Promise.all(runs)).toEqual([1, '2', 3]);
    expect(order).toEqual([1, 2, 3]);
  });
});
