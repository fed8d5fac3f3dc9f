import {
  closeSync,
  constants,
  fchmodSync,
  fsyncSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { Random } from '@express-micro/core';
import { kindOf, octal, quote, readKeyFile, refused, remove, temporaryPrefix } from './key-file-read.ts';

export interface KeyFileOptions {
  /** The operator's own file. It must exist: making it would hide a typing error. */
  readonly path?: string | undefined;
  readonly tmpdir: string;
  /** `process.getuid?.()`; undefined on Windows, where owners and modes are not checked. */
  readonly uid: number | undefined;
  readonly random: Random;
  /** What a new file holds. @default 32 random bytes, base64url */
  readonly initial?: string | undefined;
}

export interface OpenedKeyFile {
  readonly path: string;
  /** What {@link parseKeys} takes. Never log it. */
  readonly keys: string;
}

/** Each round lost means that somebody removed the file in between; more than a few is not an accident. */
const MAX_ROUNDS = 5;

/** Where the key lies when nobody names it: one file a user and machine, so that services of one developer find each other. */
export function defaultKeyFile(tmpdir: string, uid: number | undefined): string {
  return join(tmpdir, `express-micro-${uid ?? 'user'}`, 'discovery.key');
}

/**
 * The keys in the operator's file, or in the default one, which is made if need be: any number of processes starting at
 * once get the same secret, and none ever reads a half-written or empty one.
 *
 * @throws MESH_KEY_FILE_REFUSED with what is wrong and the command that mends it, never with the content
 */
export function openKeyFile(options: KeyFileOptions): OpenedKeyFile {
  const { uid, path: named } = options;
  if (named !== undefined) {
    const keys = readKeyFile(named, 'named', uid);
    if (keys === undefined) throw refused(`key file ${named}`, 'does not exist', `ls -l ${quote(named)}`);
    return { path: named, keys };
  }
  const path = defaultKeyFile(options.tmpdir, uid);
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    ensureDirectory(dirname(path), uid);
    const keys = readKeyFile(path, 'default', uid);
    if (keys !== undefined) return { path, keys };
    makeFile(path, options);
  }
  throw refused(`key file ${path}`, 'disappears as soon as it is made', `ls -la ${quote(dirname(path))}`);
}

/**
 * The temp directory belongs to all, so the name may be taken by somebody else. Once it is ours with 0700, and as long
 * as the temp directory is sticky, nobody else can exchange it; the file is checked by its descriptor all the same.
 */
function ensureDirectory(directory: string, uid: number | undefined): void {
  const subject = `directory of the key file, ${directory},`;
  try {
    mkdirSync(directory, { mode: 0o700 });
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code !== 'EEXIST') throw refused(subject, `cannot be made (${code})`, `ls -ld ${quote(dirname(directory))}`, cause);
  }
  const stat = lstatSync(directory);
  if (!stat.isDirectory()) throw refused(subject, `is ${kindOf(stat)}`, remove(directory));
  if (uid === undefined) return;
  if (stat.uid !== uid) throw refused(subject, `belongs to user ${stat.uid}, not to ${uid}`, `sudo rm -r ${quote(directory)}`);
  if ((stat.mode & 0o077) !== 0)
    throw refused(subject, `has mode ${octal(stat.mode)}, open to others`, `chmod 700 ${quote(directory)}`);
}

/**
 * `link()` is the one step that makes a complete file appear or fails because there is one; `rename()` would replace
 * the winner's. Losing is no error: the caller reads again.
 */
function makeFile(path: string, { random, initial }: KeyFileOptions): void {
  const temporary = join(dirname(path), `${temporaryPrefix(path)}${random.bytes(12).toString('hex')}`);
  try {
    writeComplete(temporary, `${initial ?? random.bytes(32).toString('base64url')}\n`);
    linkSync(temporary, path);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    // ENOENT: the directory was swept away in between; the next round makes it again.
    if (code === 'EEXIST' || code === 'ENOENT') return;
    const what = `cannot be made (${code}): its directory may be full, read-only or on a file system without hard links`;
    throw refused(`key file ${path}`, what, "export EXPRESS_DISCOVERY_KEY='<a key>'", cause);
  } finally {
    removeIfThere(temporary);
  }
}

function writeComplete(path: string, content: string): void {
  const { O_CREAT, O_EXCL, O_WRONLY } = constants;
  const descriptor = openSync(path, O_WRONLY | O_CREAT | O_EXCL | (constants.O_NOFOLLOW ?? 0), 0o600);
  try {
    // The umask may have taken bits of our own; it cannot have added any.
    fchmodSync(descriptor, 0o600);
    writeFileSync(descriptor, content);
    // Before the name exists, so that a crash of the machine cannot leave the name with nothing behind it.
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** A reader may have removed it already, see `removeLeftover`. */
function removeIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
