import type { IncomingMessage, ServerResponse } from 'node:http';

type Handle = (this: unknown, req: IncomingMessage, res: ServerResponse, next?: (error?: unknown) => void) => void;

/** What is needed of an Express app; Express 4.21+ and 5 have it, whatever version of the types is installed. */
export interface ExpressApp {
  (req: IncomingMessage, res: ServerResponse): unknown;
  get(setting: string): unknown;
}

/** The same with what is not part of Express's types. */
export type HandlingApp = ExpressApp & {
  /** Every request passes it. */
  handle: Handle;
  enabled(setting: string): boolean;
  /** The prototypes that the requests and responses of this app are given. */
  readonly request: object;
  readonly response: object;
};

export function isExpressApp(value: unknown): value is HandlingApp {
  // A router has `handle`, `get` and `use` too; only an app has settings and listens.
  const app = value as { handle?: unknown; get?: unknown; enabled?: unknown; listen?: unknown } | undefined;
  return (
    typeof value === 'function' &&
    typeof app?.handle === 'function' &&
    typeof app.get === 'function' &&
    typeof app.enabled === 'function' &&
    typeof app.listen === 'function'
  );
}
