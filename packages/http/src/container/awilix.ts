import { type AwilixContainer, AwilixResolutionError, asValue, createContainer, type Resolver } from 'awilix';

/** For how long a value lives: as long as the container, as a scope, or for whoever asked for it. */
export type Life = 'singleton' | 'scoped' | 'transient';

/** Why something cannot be made, with the way on which it was asked for. */
export class LifeProblem extends Error {
  readonly kind: 'cycle' | 'captive';
  readonly path: readonly string[];
  constructor(kind: 'cycle' | 'captive', path: readonly string[]) {
    super(kind);
    this.kind = kind;
    this.path = path;
  }
}

/** One container, or one scope of it: what was made in it, in the order in which it was. */
export interface Shelf {
  /** @throws LifeProblem */
  get(name: string): unknown;
  put(name: string, value: unknown): void;
  add(name: string, life: Life, make: (shelf: Shelf) => unknown): void;
  scope(): Shelf;
  /** Names and values that lived here, the last one first; it forgets them. */
  take(): readonly (readonly [name: string, value: unknown])[];
}

const LIFETIMES = { singleton: 'SINGLETON', scoped: 'SCOPED', transient: 'TRANSIENT' } as const;

/** awilix knows what lives how long, keeps it, and sees cycles and what would be held longer than it lives. */
export function createShelf(): Shelf {
  const root = createContainer({ strict: true });
  const shelves = new WeakMap<object, Shelf>();

  function shelfOf(container: AwilixContainer): Shelf {
    const shelf: Shelf = {
      get(name) {
        try {
          return container.resolve(name);
        } catch (error) {
          throw error instanceof AwilixResolutionError ? problemOf(error) : error;
        }
      },
      put: (name, value) => void container.register(name, asValue(value)),
      add(name, life, make) {
        const resolver: Resolver<unknown> = {
          lifetime: LIFETIMES[life],
          // One that lives for the moment may be held by anybody: whoever asked has one of its own. What it needs is still looked at.
          isLeakSafe: life === 'transient',
          resolve: (asking) => {
            // What a singleton reads later, when nobody is being made any more, awilix does not see.
            if (life === 'scoped' && asking === root) throw new LifeProblem('captive', [name]);
            return make(shelves.get(asking) ?? shelf);
          },
        };
        container.register(name, resolver);
      },
      scope: () => shelfOf(container.createScope()),
      take() {
        const made = [...container.cache].map(([name, { value }]) => [String(name), value] as const);
        container.cache.clear();
        return made.reverse();
      },
    };
    shelves.set(container, shelf);
    return shelf;
  }

  return shelfOf(root);
}

/** Its message has the reason, and the path as `a -> b -> c`. */
function problemOf(error: Error): Error {
  const path = /Resolution path: (.*)$/s.exec(error.message)?.[1]?.split(' -> ') ?? [];
  if (error.message.includes('Cyclic dependencies')) return new LifeProblem('cycle', path);
  if (error.message.includes('has a shorter lifetime')) return new LifeProblem('captive', path);
  return error;
}
