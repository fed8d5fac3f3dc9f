import { chmodSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Clock, systemRandom, type Timer } from '@express-micro/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { defaultKeyFile } from './key-file.ts';
import { openSecret, type Secret, type SecretOptions } from './secret.ts';

const uid = process.getuid?.();
const A = 'aaaaaaaaaaaaaaaaaaaa';
const B = 'bbbbbbbbbbbbbbbbbbbb';
const C = 'cccccccccccccccccccc';

/** Time that a test moves; timers fire in order, each at its own moment. */
function fakeClock(): Clock & { advance(ms: number): void; readonly timers: number } {
  let now = 5_000_000;
  const due = new Map<object, { atMs: number; run: () => void; everyMs?: number }>();
  const add = (entry: { atMs: number; run: () => void; everyMs?: number }): Timer => {
    const id = {};
    due.set(id, entry);
    return { stop: () => void due.delete(id) };
  };
  return {
    monotonicMs: () => now,
    epochMs: () => 1_700_000_000_000 + now,
    after: (delayMs, run) => add({ atMs: now + delayMs, run }),
    every: (everyMs, run) => add({ atMs: now + everyMs, run, everyMs }),
    get timers() {
      return due.size;
    },
    advance(ms) {
      const end = now + ms;
      for (;;) {
        const next = [...due].filter(([, entry]) => entry.atMs <= end).sort(([, a], [, b]) => a.atMs - b.atMs)[0];
        if (next === undefined) break;
        const [id, entry] = next;
        now = entry.atMs;
        if (entry.everyMs === undefined) due.delete(id);
        else due.set(id, { ...entry, atMs: now + entry.everyMs });
        entry.run();
      }
      now = end;
    },
  };
}

let tmp: string;
let clock: ReturnType<typeof fakeClock>;
let problems: string[];
let rotations: string[];
let opened: Secret[];

beforeEach(() => {
  tmp = mkdtempSync(join(tmpdir(), 'secret-'));
  clock = fakeClock();
  problems = [];
  rotations = [];
  opened = [];
});
afterEach(() => {
  for (const secret of opened) secret.close();
  rmSync(tmp, { recursive: true, force: true });
});

const open = (env: SecretOptions['env'] = {}): Secret => {
  const secret = openSecret({
    env,
    tmpdir: tmp,
    uid,
    clock,
    random: systemRandom,
    onRotated: (ring) => rotations.push(ring.keys.map((key) => key.secret[0]).join('')),
    onProblem: (error) => problems.push(error.message),
  });
  opened.push(secret);
  return secret;
};
const put = (path: string, content: string, mode = 0o600): string => {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeFileSync(path, content);
  chmodSync(path, mode);
  return path;
};
const replace = (path: string, content: string): void => {
  rmSync(path);
  put(path, content);
};
const shown = ({ ring }: Secret): string => `${ring.primary.secret[0]} of ${ring.keys.map((key) => key.secret[0]).join('')}`;

describe('the secret comes from', () => {
  it('EXPRESS_DISCOVERY_KEY before all', () => {
    const secret = open({ EXPRESS_DISCOVERY_KEY: A, EXPRESS_DISCOVERY_KEY_FILE: put(join(tmp, 'named'), B) });
    expect(secret.source).toEqual({ kind: 'environment' });
    expect(secret.ring.acceptsBearer(A)).toBe(true);
    expect(clock.timers).toBe(0);
  });

  it('the file that EXPRESS_DISCOVERY_KEY_FILE names', () => {
    const path = put(join(tmp, 'named'), `${B}\n`);
    const secret = open({ EXPRESS_DISCOVERY_KEY_FILE: path });
    expect(secret.source).toEqual({ kind: 'file', path });
    expect(secret.ring.acceptsBearer(B)).toBe(true);
  });

  it('a file in the temp directory that all processes of the user share', () => {
    const [first, second] = [open(), open()];
    expect(first.source).toEqual({ kind: 'file', path: defaultKeyFile(tmp, uid) });
    expect(second.ring.acceptsBearer(first.ring.primary.secret)).toBe(true);
  });

  it.each<[string, SecretOptions['env'], string, RegExp]>([
    ['an empty key', { EXPRESS_DISCOVERY_KEY: '' }, 'MESH_KEY_INVALID', /^EXPRESS_DISCOVERY_KEY is empty/],
    ['a short key', { EXPRESS_DISCOVERY_KEY: 'short' }, 'MESH_KEY_INVALID', /^EXPRESS_DISCOVERY_KEY is too short/],
    ['an empty file name', { EXPRESS_DISCOVERY_KEY_FILE: '' }, 'MESH_KEY_INVALID', /^EXPRESS_DISCOVERY_KEY_FILE is empty/],
    ['a file that is not there', { EXPRESS_DISCOVERY_KEY_FILE: '/nowhere/key' }, 'MESH_KEY_FILE_REFUSED', /does not exist/],
  ])('nowhere else when there is %s: that is an error', (_, env, code, message) => {
    expect(() => open(env)).toThrow(expect.objectContaining({ code, message: expect.stringMatching(message) }));
    expect(clock.timers).toBe(0);
  });

  it('no file with bad content, and the error names the file', () => {
    const path = put(join(tmp, 'named'), 'short');
    expect(() => open({ EXPRESS_DISCOVERY_KEY_FILE: path })).toThrow(`The key file ${path} is too short`);
  });
});

describe('rotate()', () => {
  it('verifies with the new key at once, signs with it after 30 s, and lets the former go after 60 s', () => {
    const secret = open({ EXPRESS_DISCOVERY_KEY: A });
    secret.rotate(B);
    expect(shown(secret)).toBe('a of ba');
    expect([A, B].map((bearer) => secret.ring.acceptsBearer(bearer))).toEqual([true, true]);
    clock.advance(30_000);
    expect(shown(secret)).toBe('b of ba');
    clock.advance(29_999);
    expect(shown(secret)).toBe('b of ba');
    clock.advance(1);
    expect(shown(secret)).toBe('b of b');
    expect(secret.ring.acceptsBearer(A)).toBe(false);
    expect(clock.timers).toBe(0);
    expect(rotations).toEqual(['ba']);
  });

  it('gives a new ring at every change and the same one in between', () => {
    const secret = open({ EXPRESS_DISCOVERY_KEY: A });
    const before = secret.ring;
    expect(secret.ring).toBe(before);
    secret.rotate(A);
    expect(secret.ring).toBe(before);
    secret.rotate(B);
    const during = secret.ring;
    expect(during).not.toBe(before);
    clock.advance(30_000);
    expect(secret.ring).not.toBe(during);
  });

  it('leaves the keys as they were when the new ones are bad', () => {
    const secret = open({ EXPRESS_DISCOVERY_KEY: A });
    const before = secret.ring;
    expect(() => secret.rotate('short')).toThrow(expect.objectContaining({ code: 'MESH_KEY_INVALID' }));
    expect(secret.ring).toBe(before);
    expect(rotations).toEqual([]);
  });

  it('is refused after close(), which stops every timer', () => {
    const secret = open();
    secret.rotate(B);
    expect(clock.timers).toBe(2);
    secret.close();
    expect(clock.timers).toBe(0);
    expect(() => secret.rotate(C)).toThrow(expect.objectContaining({ code: 'MESH_CLOSED' }));
  });
});

describe('a watched key file', () => {
  const named = (content = A): string => put(join(tmp, 'named'), content);

  it.each<[string, (path: string) => void]>([
    ['written in place', (path) => writeFileSync(path, B)],
    ['replaced by an editor', (path) => renameSync(put(`${path}.swp`, B), path)],
    ['removed and written again', (path) => replace(path, B)],
  ])('is followed within a second when it is %s', (_, change) => {
    const path = named();
    const secret = open({ EXPRESS_DISCOVERY_KEY_FILE: path });
    change(path);
    expect(shown(secret)).toBe('a of a');
    clock.advance(1000);
    expect(shown(secret)).toBe('a of ba');
    clock.advance(60_000);
    expect(shown(secret)).toBe('b of b');
    expect(problems).toEqual([]);
  });

  it('is followed when Kubernetes swaps the directory behind it', () => {
    put(join(tmp, '..1', 'key'), A);
    put(join(tmp, '..2', 'key'), B);
    symlinkSync('..1', join(tmp, '..data'));
    symlinkSync('..data/key', join(tmp, 'key'));
    const secret = open({ EXPRESS_DISCOVERY_KEY_FILE: join(tmp, 'key') });
    symlinkSync('..2', join(tmp, '..data_tmp'));
    renameSync(join(tmp, '..data_tmp'), join(tmp, '..data'));
    clock.advance(1000);
    expect(shown(secret)).toBe('a of ba');
  });

  it.each<[string, (path: string) => void, RegExp]>([
    ['too short', (path) => writeFileSync(path, 'short'), /named is too short/],
    ['empty', (path) => writeFileSync(path, ''), /is empty/],
    ['open to others', (path) => chmodSync(path, 0o644), /has mode 0644/],
    ['gone', (path) => rmSync(path), /does not exist/],
  ])('keeps the keys and reports once when it is %s, and goes on watching', (_, spoil, message) => {
    const path = named();
    const secret = open({ EXPRESS_DISCOVERY_KEY_FILE: path });
    spoil(path);
    clock.advance(10_000);
    expect(shown(secret)).toBe('a of a');
    expect(problems).toEqual([expect.stringMatching(message)]);
    put(path, B);
    clock.advance(1000);
    expect(shown(secret)).toBe('a of ba');
    expect(problems).toHaveLength(1);
  });

  it('says nothing when only its date changes', () => {
    const path = named();
    open({ EXPRESS_DISCOVERY_KEY_FILE: path });
    put(path, `${A}\n\n`);
    clock.advance(5000);
    expect([problems, rotations]).toEqual([[], []]);
  });

  it('is put back when a cleaner swept the default one away, so that the fleet keeps one key', () => {
    const [first, second] = [open(), open()];
    const key = first.ring.primary.secret;
    rmSync(dirname(defaultKeyFile(tmp, uid)), { recursive: true });
    clock.advance(3000);
    expect(readFileSync(defaultKeyFile(tmp, uid), 'utf8')).toBe(`${key}\n`);
    expect(open().ring.primary.secret).toBe(key);
    expect([first, second].map(({ ring }) => ring.keys.length)).toEqual([1, 1]);
    expect(problems).toEqual([expect.stringMatching(/was removed, and has been put back/)]);
  });

  it('follows a default file that somebody replaced while it was gone', () => {
    const secret = open();
    const key = secret.ring.primary.secret;
    rmSync(defaultKeyFile(tmp, uid));
    put(defaultKeyFile(tmp, uid), B);
    clock.advance(1000);
    expect(secret.ring.keys.map((known) => known.secret)).toEqual([B, key]);
  });

  it('refuses a default file that became a symbolic link', () => {
    const secret = open();
    const before = secret.ring;
    rmSync(defaultKeyFile(tmp, uid));
    symlinkSync(put(join(tmp, 'planted'), B), defaultKeyFile(tmp, uid));
    clock.advance(2000);
    expect(secret.ring).toBe(before);
    expect(problems).toEqual([expect.stringMatching(/is a symbolic link/)]);
  });

  it('yields to rotate() while only its date changes', () => {
    const path = named();
    const secret = open({ EXPRESS_DISCOVERY_KEY_FILE: path });
    secret.rotate(B);
    clock.advance(120_000);
    put(path, A);
    clock.advance(1000);
    expect(shown(secret)).toBe('b of b');
  });

  it('yields to rotate() until it changes itself', () => {
    const path = named();
    const secret = open({ EXPRESS_DISCOVERY_KEY_FILE: path });
    secret.rotate(B);
    clock.advance(120_000);
    expect(shown(secret)).toBe('b of b');
    writeFileSync(path, C);
    clock.advance(1000);
    expect(shown(secret)).toBe('b of cb');
  });
});

describe('reload()', () => {
  const changes: object[] = [];
  const causes: string[] = [];
  beforeEach(() => {
    changes.length = 0;
    causes.length = 0;
  });
  const openTold = (env: Record<string, string | undefined>): Secret => {
    const secret = openSecret({
      env,
      tmpdir: tmp,
      uid,
      clock,
      random: systemRandom,
      onRotated: (_ring, change, by) => {
        changes.push(change);
        causes.push(by);
      },
      onProblem: (error, by) => {
        problems.push(error.message);
        causes.push(by);
      },
    });
    opened.push(secret);
    return secret;
  };

  it('takes what is in the file now, says so by ids, and leaves the rest to the grace of a rotation', () => {
    const path = put(join(tmp, 'named'), `one:${A}`);
    const secret = openTold({ EXPRESS_DISCOVERY_KEY_FILE: path });
    writeFileSync(path, `two:${B},one:${A}`);
    expect(secret.reload()).toBe('taken');
    expect(shown(secret)).toBe('a of ba');
    writeFileSync(path, `two:${B}`);
    expect(secret.reload()).toBe('taken');
    expect(changes).toEqual([
      { signs: 'two', added: ['two'], retired: [] },
      { signs: 'two', added: [], retired: ['one'] },
    ]);
    expect(causes).toEqual(['signal', 'signal']);
    clock.advance(1000);
    expect(changes).toHaveLength(2);
  });

  it('says that nothing changed, and gives nothing back that rotate() took', () => {
    const secret = openTold({ EXPRESS_DISCOVERY_KEY_FILE: put(join(tmp, 'named'), A) });
    expect(secret.reload()).toBe('unchanged');
    secret.rotate(B);
    expect(secret.reload()).toBe('unchanged');
    expect(shown(secret)).toBe('a of ba');
    expect(changes).toEqual([{ signs: 'default', added: ['default'], retired: ['default'] }]);
    expect(causes).toEqual(['code']);
  });

  it.each<[string, (path: string) => void, RegExp]>([
    ['gone', (path) => rmSync(path), /does not exist/],
    ['empty', (path) => writeFileSync(path, ''), /is empty/],
    ['too short', (path) => writeFileSync(path, 'short'), /too short/],
    ['open to others', (path) => chmodSync(path, 0o644), /has mode 0644/],
  ])('refuses a file that is %s, each time it is asked, and keeps the keys', (_, spoil, message) => {
    const path = put(join(tmp, 'named'), A);
    const secret = openTold({ EXPRESS_DISCOVERY_KEY_FILE: path });
    const before = secret.ring;
    spoil(path);
    expect([secret.reload(), secret.reload()]).toEqual(['refused', 'refused']);
    expect(problems).toEqual([expect.stringMatching(message), expect.stringMatching(message)]);
    expect(secret.ring).toBe(before);
    // The watch has nothing to add.
    clock.advance(5000);
    expect(problems).toHaveLength(2);
  });

  it('reads the environment, as the process has it now', () => {
    const env: Record<string, string | undefined> = { EXPRESS_DISCOVERY_KEY: A };
    const secret = openTold(env);
    expect(secret.reload()).toBe('unchanged');
    env.EXPRESS_DISCOVERY_KEY = B;
    expect(secret.reload()).toBe('taken');
    expect(shown(secret)).toBe('a of ba');
    env.EXPRESS_DISCOVERY_KEY = 'short';
    expect(secret.reload()).toBe('refused');
    env.EXPRESS_DISCOVERY_KEY = undefined;
    expect(secret.reload()).toBe('refused');
    expect(problems).toEqual([expect.stringMatching(/too short/), expect.stringMatching(/is gone/)]);
    expect(secret.ring.acceptsBearer(B)).toBe(true);
  });

  it('does nothing after close()', () => {
    const env: Record<string, string | undefined> = { EXPRESS_DISCOVERY_KEY: A };
    const secret = openTold(env);
    secret.close();
    env.EXPRESS_DISCOVERY_KEY = B;
    expect(secret.reload()).toBe('unchanged');
    expect(changes).toEqual([]);
  });
});
