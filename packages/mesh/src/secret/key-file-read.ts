import { closeSync, constants, fstatSync, lstatSync, openSync, readdirSync, readSync, type Stats, unlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type MeshError, meshError } from '../errors.ts';

/** Who chose the path: we, in a directory that anybody may write to, or the operator. */
export type KeyFileOrigin = 'default' | 'named';

const MAX_BYTES = 64 * 1024;
const ANY_FOR_OTHERS = 0o077;
/** Group may read: Kubernetes gives a mounted secret to a process as root's file with `fsGroup`, mode 0440. */
const ANY_FOR_OTHERS_BUT_GROUP_READ = 0o037;
const ROOT = 0;

/**
 * Reads a key file after checking the very descriptor it reads from, so that nothing can be exchanged in between.
 *
 * A default file is never reached through a symbolic link. A named one may be: that is how Kubernetes mounts secrets
 * (`key → ..data/key`), and what is checked is the file at its end. Its owner may then also be root, who can read
 * this process anyway.
 *
 * @returns nothing when the file does not exist
 * @throws MESH_KEY_FILE_REFUSED
 */
export function readKeyFile(path: string, origin: KeyFileOrigin, uid: number | undefined): string | undefined {
  // Without O_NONBLOCK opening a FIFO waits for a writer for ever.
  const follow = origin === 'named' ? 0 : (constants.O_NOFOLLOW ?? 0);
  let descriptor: number;
  try {
    descriptor = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | follow);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === 'ENOENT') return undefined;
    if (isSymbolicLink(path) && origin === 'default')
      throw refused(`key file ${path}`, 'is a symbolic link', remove(path), cause);
    throw refused(`key file ${path}`, `cannot be opened (${code})`, `ls -lL ${quote(path)}`, cause);
  }
  try {
    check(path, origin, uid, descriptor);
    return readAll(path, origin, descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function check(path: string, origin: KeyFileOrigin, uid: number | undefined, descriptor: number): void {
  let stat = fstatSync(descriptor);
  if (!stat.isFile()) throw refused(`key file ${path}`, `is ${kindOf(stat)}, not a regular file`, remove(path));
  if (uid !== undefined) checkAccess(path, origin, uid, stat);
  if (stat.nlink > 1 && origin === 'default') {
    removeLeftover(path, stat);
    stat = fstatSync(descriptor);
  }
  if (stat.nlink > 1) {
    throw refused(
      `key file ${path}`,
      `has ${stat.nlink} hard links: somebody else holds the same file`,
      origin === 'default' ? remove(path) : copy(path),
    );
  }
  if (stat.size > MAX_BYTES)
    throw refused(`key file ${path}`, `is ${stat.size} bytes long; at most ${MAX_BYTES} are read`, remake(path, origin));
}

/** Windows has neither owners by number nor mode bits, and its temp directory belongs to one user: `uid` is undefined there. */
function checkAccess(path: string, origin: KeyFileOrigin, uid: number, stat: Stats): void {
  const byRoot = origin === 'named' && stat.uid === ROOT;
  if (stat.uid !== uid && !byRoot) {
    throw refused(
      `key file ${path}`,
      `belongs to user ${stat.uid}, not to ${uid}`,
      origin === 'named' ? `sudo chown ${uid} ${quote(path)}` : `sudo ${remove(path)}`,
    );
  }
  const open = stat.mode & (byRoot ? ANY_FOR_OTHERS_BUT_GROUP_READ : ANY_FOR_OTHERS);
  if (open === 0) return;
  const mend = byRoot && uid !== ROOT ? 'chmod 440' : 'chmod 600';
  const mounted = byRoot ? ' (Kubernetes: defaultMode: 0440 and securityContext.fsGroup)' : '';
  throw refused(
    `key file ${path}`,
    `has mode ${octal(stat.mode)}: others than its owner have access to it`,
    `${mend} ${quote(path)}${mounted}`,
  );
}

/**
 * Between `link()` and `unlink()` of its maker the file has two names, and for ever if the maker was killed there.
 * The other name lies in our own 0700 directory, so only we can have put it there; removing it ends the moment.
 */
function removeLeftover(path: string, file: Stats): void {
  const directory = dirname(path);
  const prefix = temporaryPrefix(path);
  for (const name of readdirSync(directory)) {
    if (!name.startsWith(prefix)) continue;
    try {
      const other = lstatSync(join(directory, name));
      if (other.ino === file.ino && other.dev === file.dev) unlinkSync(join(directory, name));
    } catch (error) {
      // Its maker, or another reader, was faster.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
}

/** How the names begin under which a key file is written before it gets its own. */
export function temporaryPrefix(path: string): string {
  return `${basename(path)}.new-`;
}

function readAll(path: string, origin: KeyFileOrigin, descriptor: number): string {
  // One byte more than allowed: a file that grew after the check is still caught.
  const buffer = Buffer.alloc(MAX_BYTES + 1);
  let length = 0;
  for (;;) {
    const count = readSync(descriptor, buffer, length, buffer.length - length, null);
    length += count;
    if (count === 0 || length === buffer.length) break;
  }
  if (length > MAX_BYTES) throw refused(`key file ${path}`, `is more than ${MAX_BYTES} bytes long`, remake(path, origin));
  const text = buffer.toString('utf8', 0, length).trim();
  buffer.fill(0, 0, length);
  if (text === '') throw refused(`key file ${path}`, 'is empty', remake(path, origin));
  return text;
}

export function refused(subject: string, what: string, mend: string, cause?: unknown): MeshError {
  return meshError('MESH_KEY_FILE_REFUSED', `The ${subject} ${what}. Mend it with: ${mend}`, { cause });
}

/** For a file we made, the next start makes another. */
export function remove(path: string): string {
  return `rm ${quote(path)}`;
}

function remake(path: string, origin: KeyFileOrigin): string {
  if (origin === 'default') return remove(path);
  return `(umask 077; node -p "require('crypto').randomBytes(32).toString('base64url')" > ${quote(path)})`;
}

function copy(path: string): string {
  return `cp -p ${quote(path)} ${quote(`${path}.copy`)} && mv ${quote(`${path}.copy`)} ${quote(path)}`;
}

export function quote(path: string): string {
  return /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}

export function octal(mode: number): string {
  return (mode & 0o7777).toString(8).padStart(4, '0');
}

export function kindOf(stat: Stats): string {
  if (stat.isSymbolicLink()) return 'a symbolic link';
  if (stat.isDirectory()) return 'a directory';
  if (stat.isFIFO()) return 'a FIFO';
  if (stat.isSocket()) return 'a socket';
  return stat.isFile() ? 'a regular file' : 'a device';
}

function isSymbolicLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
}
