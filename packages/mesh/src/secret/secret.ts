import type { Clock, Random, Timer } from '@express-micro/core';
import { meshError } from '../errors.ts';
import { fileStamp, type Renewed, type RenewedBy } from '../renewable-file.ts';
import { defaultKeyFile, openKeyFile } from './key-file.ts';
import { type KeyFileWatch, watchKeyFile } from './key-file-watch.ts';
import { type KeyRing, parseKeys } from './key-ring.ts';
import { changeOf, type KeyChange, nextChangeMs, type Rotation, ringAt, rotateKeys, startRotation } from './rotation.ts';

type SecretSource = { readonly kind: 'environment' } | { readonly kind: 'file'; readonly path: string };

export interface SecretOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly tmpdir: string;
  /** `process.getuid?.()` */
  readonly uid: number | undefined;
  readonly clock: Clock;
  readonly random: Random;
  /** The ring has new keys. It may still sign with the former one, see {@link Secret.rotate}. */
  onRotated?(ring: KeyRing, change: KeyChange, by: RenewedBy): void;
  /** What was found cannot be used; the keys stay as they were. The message holds no secret. */
  onProblem?(error: Error, by: RenewedBy): void;
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
  /**
   * Reads where the keys came from once more, now. What differs from what was read there last is taken as `rotate` takes it;
   * what does not leaves keys alone that `rotate` has given since.
   */
  reload(): Renewed;
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

  const take = (next: KeyRing, by: RenewedBy): void => {
    const rotated = rotateKeys(rotation, next, clock.monotonicMs());
    if (rotated === rotation) return;
    const change = changeOf(rotation, rotated);
    rotation = rotated;
    refresh();
    options.onRotated?.(ring, change, by);
  };
  const refresh = (): void => {
    const now = clock.monotonicMs();
    ring = ringAt(rotation, now);
    change?.stop();
    const next = nextChangeMs(rotation, now);
    change = next === undefined ? undefined : clock.after(next - now, refresh);
  };

  const watch = opened.watch({
    onChange: (keys, by) => take(parseKeys(keys, opened.label), by),
    onProblem: (error, by) => options.onProblem?.(error, by),
  });
  return {
    get ring(): KeyRing {
      return ring;
    },
    source: opened.source,
    rotate(keys: string): void {
      if (closed) throw meshError('MESH_CLOSED', 'The keys cannot be rotated: this mesh is closed. Start another one.');
      take(parseKeys(keys, 'rotate(keys)'), 'code');
    },
    reload: () => (closed ? 'unchanged' : watch.reload()),
    close(): void {
      closed = true;
      change?.stop();
      watch.close();
    },
  };
}

interface WatchEvents {
  onChange(keys: string, by: RenewedBy): void;
  onProblem(error: Error, by: RenewedBy): void;
}

interface OpenedSource {
  readonly source: SecretSource;
  readonly ring: KeyRing;
  /** How errors call it. */
  readonly label: string;
  watch(events: WatchEvents): KeyFileWatch;
}

function openSource({ env, tmpdir, uid, clock, random }: SecretOptions): OpenedSource {
  const text = env[VARIABLE];
  if (text !== undefined) {
    return {
      source: { kind: 'environment' },
      ring: parseKeys(text, VARIABLE),
      label: VARIABLE,
      watch: (events) => watchVariable(env, text, events),
    };
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

const VARIABLE = 'EXPRESS_DISCOVERY_KEY';

/** Nobody outside can change the environment of a process; what the process itself puts there is read when it is told to. */
function watchVariable(env: SecretOptions['env'], text: string, { onChange, onProblem }: WatchEvents): KeyFileWatch {
  let taken = text;
  return {
    reload() {
      const now = env[VARIABLE];
      if (now === taken) return 'unchanged';
      try {
        if (now === undefined) throw meshError('MESH_KEY_INVALID', `${VARIABLE} is gone. The keys stay as they were.`);
        onChange(now, 'signal');
        taken = now;
        return 'taken';
      } catch (error) {
        onProblem(error as Error, 'signal');
        return 'refused';
      }
    },
    close() {},
  };
}
