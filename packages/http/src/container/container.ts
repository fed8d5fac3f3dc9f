import {
  type Clock,
  consoleLog,
  integerOption,
  type Log,
  resolveOptions,
  settlesWithin,
  show,
  systemClock,
} from '@express-micro/core';
import { httpError, optionInvalid } from '../errors.ts';
import { logOption } from '../log-option.ts';
import { createShelf, type Life, LifeProblem, type Shelf } from './awilix.ts';
import type { Container, GivenRequest, MadeOptions, Scope } from './contract.ts';
import { checkName } from './names.ts';
import { captive, cycle, unknown } from './refusals.ts';

export interface ContainerOptions {
  /** Milliseconds that each disposer may take. Raising it has a close wait for one that hangs; lowering it gives up on a slow one. @default 5000 */
  readonly disposeTimeoutMs?: number | undefined;
  /**
   * Milliseconds that a scope which was closed waits for work that holds it. Raising it keeps connections of work that hangs for longer;
   * lowering it takes them from work that is slow. @default 30000
   */
  readonly holdTimeoutMs?: number | undefined;
  /** Told of disposers that fail. @default standard error */
  readonly log?: Log | undefined;
}

const TABLE = {
  disposeTimeoutMs: integerOption('milliseconds', { min: 1, max: 600_000 }, () => 5_000),
  holdTimeoutMs: integerOption('milliseconds', { min: 1, max: 600_000 }, () => 30_000),
  log: logOption(consoleLog),
};

// biome-ignore lint/suspicious/noExplicitAny: what is in it is known to its type alone
type Anything = any;
type Kind = Life | 'value' | 'given';

/**
 * A container that is told by name what there is: `createContainer().value('config', config).singleton('pool', ({ config }) => connect(config))`.
 *
 * @throws HTTP_OPTION_INVALID; its methods also HTTP_DEPENDENCY_TWICE
 */
export function createContainer<Given extends object = GivenRequest>(
  options: ContainerOptions = {},
  clock: Clock = systemClock,
): Container<unknown, unknown, Given> {
  const { disposeTimeoutMs, holdTimeoutMs, log } = resolveOptions('createContainer()', TABLE, options, optionInvalid);
  const root = createShelf();
  const kinds = new Map<string, Kind>();
  const disposers = new Map<string, (value: unknown) => unknown>();
  const open = new Set<Scope<unknown>>();
  let closing: Promise<void> | undefined;

  /** What a maker sees: each name that it reads is made then. */
  function needsOf(shelf: Shelf, isClosed: () => boolean): object {
    return new Proxy(Object.freeze(Object.create(null)), {
      get: (_none, name) =>
        typeof name !== 'string' || name === 'then' || name === 'toJSON' ? undefined : ask(shelf, name, isClosed),
    });
  }

  function ask(shelf: Shelf, name: string, isClosed: () => boolean): unknown {
    if (isClosed()) {
      const where = shelf === root ? 'the container' : 'its scope';
      throw httpError(
        'HTTP_CONTAINER_CLOSED',
        `${show(name)} was asked for after ${where} was closed. Ask before the answer is out, or in a scope of your own: container.createScope().`,
      );
    }
    if (!kinds.has(name)) throw unknown(name, kinds.keys());
    try {
      return shelf.get(name);
    } catch (error) {
      if (!(error instanceof LifeProblem)) throw error;
      throw error.kind === 'cycle' ? cycle(error.path) : captive(error.path);
    }
  }

  const views = new WeakMap<Shelf, object>();
  views.set(
    root,
    needsOf(root, () => closing !== undefined),
  );

  function declare(name: unknown, kind: Kind): asserts name is string {
    try {
      checkName(name);
    } catch {
      throw optionInvalid(
        `A container got ${show(name)} as a name; it takes letters, digits, "_" and "$", and no name that every object has.`,
      );
    }
    if (closing !== undefined) throw httpError('HTTP_CONTAINER_CLOSED', `"${name}" was told to a container that is closed.`);
    if (kinds.has(name))
      throw httpError(
        'HTTP_DEPENDENCY_TWICE',
        `The container has "${name}" already. Choose another name; in tests, replace("${name}", …).`,
      );
    kinds.set(name, kind);
  }

  function tell(
    name: unknown,
    life: Life,
    make: unknown,
    { dispose }: MadeOptions<unknown> = {},
  ): Container<Anything, Anything, Given> {
    if (typeof make !== 'function')
      throw optionInvalid(`${life}(${show(name)}) got ${show(make)}; it takes a function or a class that makes the value.`);
    if (dispose !== undefined && typeof dispose !== 'function')
      throw optionInvalid(`Option "dispose" of ${show(name)} got ${show(dispose)}; it takes a function of the value.`);
    declare(name, life);
    if (dispose !== undefined) disposers.set(name, dispose);
    const build = isClass(make) ? (needs: object) => new make(needs) : (make as (needs: object) => unknown);
    root.add(name, life, (shelf) => build(views.get(shelf) as object));
    return container;
  }

  async function disposeAll(shelf: Shelf): Promise<void> {
    // One after the other: what was made later may still use what was made before.
    for (const [name, value] of shelf.take()) {
      const dispose = disposers.get(name);
      if (dispose === undefined) continue;
      const work = Promise.resolve(value).then(
        (made) => dispose(made),
        () => undefined,
      );
      work.catch((error: unknown) =>
        log.error(`"${name}" of a container could not be disposed: ${error instanceof Error ? error.message : show(error)}`),
      );
      if (!(await settlesWithin(clock, disposeTimeoutMs, work)))
        log.error(`"${name}" of a container is not disposed after ${disposeTimeoutMs} ms: gone on without it`);
    }
  }

  /** In the container itself nobody is given it. */
  function declareGiven(name: string): void {
    declare(name, 'given');
    root.add(name, 'scoped', () => {
      throw httpError(
        'HTTP_DEPENDENCY_UNKNOWN',
        `This scope was not given "${name}". Give it: container.createScope({ ${name} }).`,
        { details: { name } },
      );
    });
  }

  function createScope(given: Given): Scope<Anything> {
    if (closing !== undefined) throw httpError('HTTP_CONTAINER_CLOSED', 'A container that is closed has no more scopes.');
    const shelf = root.scope();
    const held = new Set<PromiseLike<unknown>>();
    let ended: Promise<void> | undefined;
    let isOver = false;
    views.set(
      shelf,
      needsOf(shelf, () => isOver),
    );
    for (const [name, value] of Object.entries(given ?? {})) {
      if (!kinds.has(name)) declareGiven(name);
      if (kinds.get(name) !== 'given')
        throw httpError('HTTP_DEPENDENCY_TWICE', `A scope was given "${name}", which the container has already.`);
      shelf.put(name, value);
    }

    async function end(): Promise<void> {
      if (held.size > 0 && !(await settlesWithin(clock, holdTimeoutMs, released(held))))
        log.error(`a scope is held by work that is not over after ${holdTimeoutMs} ms: what was made in it is disposed now`);
      isOver = true;
      await disposeAll(shelf);
      open.delete(scope);
    }

    const scope: Scope<Anything> = Object.freeze({
      get: (name: string) => ask(shelf, name, () => isOver),
      hold<Work extends PromiseLike<unknown>>(work: Work): Work {
        const release = () => void held.delete(work);
        held.add(work);
        work.then(release, release);
        return work;
      },
      close() {
        ended ??= end();
        return ended;
      },
    });
    open.add(scope);
    return scope;
  }

  async function close(): Promise<void> {
    await Promise.all([...open].map((scope) => scope.close()));
    await disposeAll(root);
  }

  declareGiven('request');

  const container: Container<Anything, Anything, Given> = Object.freeze({
    value(name: string, value: unknown) {
      declare(name, 'value');
      root.put(name, value);
      return container;
    },
    singleton: (name: string, make: unknown, made?: MadeOptions<Anything>) => tell(name, 'singleton', make, made),
    scoped: (name: string, make: unknown, made?: MadeOptions<Anything>) => tell(name, 'scoped', make, made),
    transient: (name: string, make: unknown) => tell(name, 'transient', make),
    replace(name: string, value: unknown) {
      if (!kinds.has(name)) throw unknown(name, kinds.keys());
      kinds.set(name, 'value');
      root.put(name, value);
      return container;
    },
    get: (name: string) => ask(root, name, () => closing !== undefined),
    createScope,
    close() {
      closing ??= close();
      return closing;
    },
  });
  return container;
}

/** Also by what comes to hold it meanwhile. */
async function released(held: ReadonlySet<PromiseLike<unknown>>): Promise<void> {
  while (held.size > 0) await Promise.allSettled(held);
}

/** The prototype of a class cannot be written; that of a function can. */
function isClass(make: object): make is new (needs: object) => unknown {
  return Object.getOwnPropertyDescriptor(make, 'prototype')?.writable === false;
}
