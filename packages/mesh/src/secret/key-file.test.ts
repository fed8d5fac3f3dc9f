import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemRandom } from '@express-micro/core';
import { rolldown } from 'rolldown';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { defaultKeyFile, type KeyFileOptions, type OpenedKeyFile, openKeyFile } from './key-file.ts';

const uid = process.getuid?.() ?? 0;
const isRoot = uid === 0;
const SECRET = 'the-secret-in-the-file-0123456789';
const MADE = /^[\w-]{43}$/;
let tmp: string;
let file: string;

beforeEach(() => {
  tmp = mkdtempSync(join(tmpdir(), 'key-file-'));
  file = defaultKeyFile(tmp, uid);
});
afterEach(() => rmSync(tmp, { recursive: true, force: true }));

const open = (options: Partial<KeyFileOptions> = {}): OpenedKeyFile =>
  openKeyFile({ tmpdir: tmp, uid, random: systemRandom, ...options });
const write = (path = file, mode = 0o600, content = `${SECRET}\n`): string => {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeFileSync(path, content);
  chmodSync(path, mode);
  return path;
};
const makeFifo = (path: string): void => {
  rmSync(path, { force: true });
  execFileSync('mkfifo', ['-m', '600', path]);
};
const linkInstead = (path: string, target: string): void => {
  rmSync(path);
  symlinkSync(target, path);
};
const refusal = (options?: Partial<KeyFileOptions>): string => {
  try {
    open(options);
  } catch (error) {
    expect(error).toMatchObject({ code: 'MESH_KEY_FILE_REFUSED' });
    const { message } = error as Error;
    expect(message).toContain('Mend it with: ');
    expect(message).not.toContain(SECRET);
    return message;
  }
  throw new Error('the file was taken');
};

describe('the default key file', () => {
  it('is made with a random key, for its owner alone', () => {
    const opened = open();
    expect(opened).toEqual({ path: file, keys: expect.stringMatching(MADE) });
    expect(readFileSync(file, 'utf8')).toBe(`${opened.keys}\n`);
    expect(lstatSync(file).mode & 0o7777).toBe(0o600);
    expect(lstatSync(dirname(file)).mode & 0o7777).toBe(0o700);
    expect(readdirSync(dirname(file))).toEqual(['discovery.key']);
  });

  it('is the same for all who come later', () => {
    expect(open().keys).toBe(open().keys);
  });

  it('is for its owner alone and usable whatever the umask', () => {
    // Without the right to enter its own directory only root gets any further.
    for (const umask of isRoot ? [0o000, 0o077, 0o777] : [0o000, 0o077]) {
      const before = process.umask(umask);
      try {
        expect(open().keys).toMatch(MADE);
        expect(lstatSync(file).mode & 0o7777).toBe(0o600);
      } finally {
        process.umask(before);
        rmSync(dirname(file), { recursive: true });
      }
    }
  });

  it('may hold a list of keys', () => {
    write(file, 0o600, `k1:${SECRET},k2:${SECRET}\n`);
    expect(open().keys).toBe(`k1:${SECRET},k2:${SECRET}`);
  });

  it('loses the second name that a maker left who was killed between its two steps', () => {
    write();
    linkSync(file, join(dirname(file), 'discovery.key.new-0123456789abcdef'));
    write(join(dirname(file), 'discovery.key.new-of-somebody-else'));
    expect(open().keys).toBe(SECRET);
    expect(readdirSync(dirname(file)).sort()).toEqual(['discovery.key', 'discovery.key.new-of-somebody-else']);
  });
});

describe('a hostile key file is refused', () => {
  it('when it is a symbolic link', () => {
    symlinkSync(write(join(dirname(file), 'elsewhere')), file);
    expect(refusal()).toBe(`The key file ${file} is a symbolic link. Mend it with: rm ${file}`);
  });

  it('when it is a symbolic link to nothing', () => {
    mkdirSync(dirname(file), { mode: 0o700 });
    symlinkSync(join(tmp, 'nothing'), file);
    expect(refusal()).toContain('is a symbolic link');
    expect(existsSync(join(tmp, 'nothing'))).toBe(false);
  });

  it.each([0o644, 0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o666])('when others have access to it: mode %o', (mode) => {
    write(file, mode);
    expect(refusal()).toBe(
      `The key file ${file} has mode 0${mode.toString(8)}: others than its owner have access to it. Mend it with: chmod 600 ${file}`,
    );
  });

  it('when it has a second name', () => {
    linkSync(write(), join(tmp, 'second'));
    expect(refusal()).toContain(`${file} has 2 hard links: somebody else holds the same file. Mend it with: rm ${file}`);
  });

  it('when it is a FIFO, without waiting for a writer', () => {
    mkdirSync(dirname(file), { mode: 0o700 });
    makeFifo(file);
    expect(refusal()).toContain('is a FIFO, not a regular file');
  }, 3000);

  it('when it is a directory', () => {
    mkdirSync(file, { recursive: true, mode: 0o700 });
    expect(refusal()).toContain('is a directory, not a regular file');
  });

  it('when it is huge', () => {
    write(file, 0o600, 'x'.repeat(65_537));
    expect(refusal()).toContain('is 65537 bytes long; at most 65536 are read');
  });

  it.each(['', '\n', ' \t\n'])('when it is empty: %j', (content) => {
    write(file, 0o600, content);
    expect(refusal()).toBe(`The key file ${file} is empty. Mend it with: rm ${file}`);
  });

  it.runIf(isRoot)('when it belongs to somebody else (needs root to give it away)', () => {
    chownSync(write(), 12_345, 12_345);
    expect(refusal()).toBe(`The key file ${file} belongs to user 12345, not to 0. Mend it with: sudo rm ${file}`);
  });

  it.runIf(isRoot)('when it belongs to root and the directory to us (needs root)', () => {
    file = defaultKeyFile(tmp, 12_345);
    write();
    chownSync(dirname(file), 12_345, 12_345);
    expect(refusal({ uid: 12_345 })).toContain('belongs to user 0, not to 12345');
  });
});

describe('a hostile directory of the key file is refused', () => {
  it('when it is a symbolic link', () => {
    mkdirSync(join(tmp, 'real'), { mode: 0o700 });
    symlinkSync(join(tmp, 'real'), dirname(file));
    expect(refusal()).toBe(
      `The directory of the key file, ${dirname(file)}, is a symbolic link. Mend it with: rm ${dirname(file)}`,
    );
  });

  it('when it is a file', () => {
    write(dirname(file));
    expect(refusal()).toContain('is a regular file');
  });

  it.each([0o755, 0o750, 0o711, 0o1777])('when others have access to it: mode %o', (mode) => {
    write();
    chmodSync(dirname(file), mode);
    expect(refusal()).toContain(`open to others. Mend it with: chmod 700 ${dirname(file)}`);
  });

  it('when it belongs to somebody else', () => {
    const other = defaultKeyFile(tmp, uid + 1);
    write(other);
    expect(refusal({ uid: uid + 1 })).toBe(
      `The directory of the key file, ${dirname(other)}, belongs to user ${uid}, not to ${uid + 1}. Mend it with: sudo rm -r ${dirname(other)}`,
    );
  });

  it('when it cannot be made', () => {
    expect(refusal({ tmpdir: join(tmp, 'no', 'such') })).toContain('cannot be made (ENOENT)');
  });
});

describe('the key file that the operator names', () => {
  it('must exist, and is never made', () => {
    const path = join(tmp, 'my key');
    expect(refusal({ path })).toBe(`The key file ${path} does not exist. Mend it with: ls -l '${path}'`);
    expect(existsSync(path)).toBe(false);
  });

  it('may be reached through the two symbolic links of a Kubernetes mount', () => {
    write(join(tmp, '..2024_01_01', 'key'));
    symlinkSync('..2024_01_01', join(tmp, '..data'));
    symlinkSync('..data/key', join(tmp, 'key'));
    expect(open({ path: join(tmp, 'key') })).toEqual({ path: join(tmp, 'key'), keys: SECRET });
  });

  it.each<[string, (path: string) => void, string]>([
    ['other readers', (path) => chmodSync(path, 0o644), 'has mode 0644'],
    ['a hard link', (path) => linkSync(path, `${path}2`), 'has 2 hard links'],
    ['nothing in it', (path) => writeFileSync(path, ''), 'is empty. Mend it with: (umask 077; node -p'],
    ['too much in it', (path) => writeFileSync(path, 'x'.repeat(70_000)), 'is 70000 bytes long'],
    ['a FIFO in its place', (path) => makeFifo(path), 'is a FIFO'],
    ['a link to a file of others', (path) => linkInstead(path, write(`${path}2`, 0o604)), 'has mode 0604'],
    ['a link to itself', (path) => linkInstead(path, path), 'cannot be opened (ELOOP)'],
  ])('is refused with %s', (_, spoil, message) => {
    const path = write(join(tmp, 'named'));
    spoil(path);
    expect(refusal({ path })).toContain(message);
  });

  it.runIf(isRoot).each<[string, number, number, string | undefined]>([
    ['ours', 12_345, 0o600, undefined],
    ['ours, read-only', 12_345, 0o400, undefined],
    ['ours, but the group may read', 12_345, 0o640, 'chmod 600'],
    ["root's, for our group to read (a mounted secret)", 0, 0o440, undefined],
    ["root's, but the group may write", 0, 0o460, 'chmod 440'],
    ["root's, but all may read", 0, 0o444, 'defaultMode: 0440'],
    ["somebody else's", 12_346, 0o600, 'sudo chown 12345'],
  ])('is judged by owner and mode (needs root): %s', (_, owner, mode, expected) => {
    const path = write(join(tmp, 'named'), mode);
    chownSync(path, owner, owner);
    if (expected === undefined) expect(open({ path, uid: 12_345 }).keys).toBe(SECRET);
    else expect(refusal({ path, uid: 12_345 })).toContain(expected);
  });
});

describe('many processes at once', () => {
  const PROCESSES = 20;
  const ROUNDS = 100;

  /** Node 20 runs no TypeScript: the child is the source itself, bundled into one file by the tool that builds the packages. */
  async function bundle(): Promise<string> {
    const bundled = await rolldown({
      input: fileURLToPath(new URL('./key-file.ts', import.meta.url)),
      platform: 'node',
      resolve: { conditionNames: ['source', 'import', 'node'] },
    });
    await bundled.write({ file: join(tmp, 'key-file.mjs'), format: 'esm' });
    const child = join(tmp, 'child.mjs');
    writeFileSync(
      child,
      `import { randomBytes } from 'node:crypto';
       import { openKeyFile } from './key-file.mjs';
       process.on('message', (tmpdir) => {
         try {
           const { keys } = openKeyFile({ tmpdir, uid: process.getuid?.(), random: { bytes: randomBytes } });
           process.send({ keys });
         } catch (error) {
           process.send({ error: error.message });
         }
       });
       process.send('ready');`,
    );
    return child;
  }

  const answer = (child: ChildProcess): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const ended = (code: number | null): void => reject(new Error(`a child ended with ${code}`));
      child.once('exit', ended);
      child.once('message', (message) => {
        child.off('exit', ended);
        resolve(message);
      });
    });

  it('make one key, and none reads an empty one', async () => {
    const script = await bundle();
    const children = Array.from({ length: PROCESSES }, () =>
      spawn(process.execPath, [script], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] }),
    );
    try {
      await Promise.all(children.map(answer));
      for (let round = 0; round < ROUNDS; round += 1) {
        const fresh = mkdtempSync(join(tmp, 'round-'));
        const answers = Promise.all(children.map(answer));
        for (const child of children) child.send(fresh);
        const given = (await answers) as { keys?: string; error?: string }[];
        expect(given.filter(({ error }) => error !== undefined)).toEqual([]);
        expect(given).toHaveLength(PROCESSES);
        expect(new Set(given.map(({ keys }) => keys)).size).toBe(1);
        expect(given[0]?.keys).toMatch(MADE);
        expect(readdirSync(dirname(defaultKeyFile(fresh, uid)))).toEqual(['discovery.key']);
      }
    } finally {
      for (const child of children) child.kill('SIGKILL');
    }
  }, 60_000);
});
