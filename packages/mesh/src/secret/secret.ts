import type { Clock, Random, Timer } from '@express-micro/core';
import { meshError } from '../errors.ts';
import { defaultKeyFile, openKeyFile } from './key-file.ts';
import { fileStamp, type KeyFileWatch, watchKeyFile } from './key-file-watch.ts';
import { type KeyRing, parseKeys } from './key-ring.ts';
import { nextChangeMs, type Rotation, ringAt, rotateKeys, startRotation } from './rotation.ts';

type SecretSource = { readonly kind: 'environment' } | { readonly kind: 'file'; readonly path: string };

export interface SecretOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly tmpdir: string;
  /** `process.getuid?.()` */
  readonly uid: number | undefined;
  readonly clock: Clock;
  readonly random: Random;
  /** The ring has new keys. It may still sign with the former one, see {@link Secret.rotate}. */
  onRotated?(ring: KeyRing): void;
  /** A changed file cannot be used; the keys stay as they were. The message holds no secret. */
  onProblem?(error: Error): void;
}

export interface Secret {
  /** The keys of this moment; ask again at every use. */
  readonly ring: KeyRing;
  readonly source: SecretSource;
  /**
   * Takes new keys in the form of {@link parseKeys}. They verify at once. A first key that this process did not know
   * signs after 30 s, and keys that are gone verify for 60 s more, so that a fleet rotating one by one fails no call.
   *
   * @throws MESH_KEY_INVALID and leaves the keys as they were
   * @throws MESH_CLOSED
   */
  rotate(keys: string): void;
  close(): void;
}

/**
 * The fleet's secret: `EXPRESS_DISCOVERY_KEY`, else the file that `EXPRESS_DISCOVERY_KEY_FILE` names, else a file of the
 * user's own in the temp directory, made when it is not there. A variable that is set but empty is an error, because
 * it is a forgotten value more often than a wish for the file.
 *
 * A file is watched and followed without a restart.
 *
 * @throws MESH_KEY_INVALID, MESH_KEY_FILE_REFUSED
 */
export function openSecret(options: SecretOptions): Secret {
  const { clock } = options;
  const opened = openSource(options);
  let rotation: Rotation = startRotation(opened.ring);
  let ring = opened.ring;
  let closed = false;
  let change: Timer | undefined;

  const take = (next: KeyRing): void => {
    const rotated = rotateKeys(rotation, next, clock.monotonicMs());
    if (rotated === rotation) return;
    rotation = rotated;
    refresh();
    options.onRotated?.(ring);
  };
  const refresh = (): void => {
    const now = clock.monotonicMs();
    ring = ringAt(rotation, now);
    change?.stop();
    const next = nextChangeMs(rotation, now);
    change = next === undefined ? undefined : clock.after(next - now, refresh);
  };

  const watch = opened.watch({
    onChange: (keys) => take(parseKeys(keys, opened.label)),
    onProblem: (error) => options.onProblem?.(error),
  });
  return {
    get ring(): KeyRing {
      return ring;
    },
    source: opened.source,
    rotate(keys: string): void {
      if (closed) throw meshError('MESH_CLOSED', 'The keys cannot be rotated: this mesh is closed. Start another one.');
      take(parseKeys(keys, 'rotate(keys)'));
    },
    close(): void {
      closed = true;
      change?.stop();
      watch?.close();
    },
  };
}

interface WatchEvents {
  onChange(keys: string): void;
  onProblem(error: Error): void;
}

interface OpenedSource {
  readonly source: SecretSource;
  readonly ring: KeyRing;
  /** How errors call it. */
  readonly label: string;
  watch(events: WatchEvents): KeyFileWatch | undefined;
}

function openSource({ env, tmpdir, uid, clock, random }: SecretOptions): OpenedSource {
  const text = env.EXPRESS_DISCOVERY_KEY;
  if (text !== undefined) {
    const label = 'EXPRESS_DISCOVERY_KEY';
    return { source: { kind: 'environment' }, ring: parseKeys(text, label), label, watch: () => undefined };
  }
  const named = env.EXPRESS_DISCOVERY_KEY_FILE;
  if (named === '')
    throw meshError('MESH_KEY_INVALID', 'EXPRESS_DISCOVERY_KEY_FILE is empty. Give it the path of a key file, or unset it.');
  const file = { path: named, tmpdir, uid, random };
  const stamp = fileStamp(named ?? defaultKeyFile(tmpdir, uid));
  const opened = openKeyFile(file);
  const label = `The key file ${opened.path}`;
  return {
    source: { kind: 'file', path: opened.path },
    ring: parseKeys(opened.keys, label),
    label,
    watch: (events) => watchKeyFile({ file, opened, stamp, clock, ...events }),
  };
}
