// The package has no types of its own, and those of others bring Express's.
declare module 'compression' {
  import type { IncomingMessage, ServerResponse } from 'node:http';

  type Filter = (req: IncomingMessage, res: ServerResponse) => boolean;
  type Handler = (req: IncomingMessage, res: ServerResponse, next: (error?: unknown) => void) => void;
  interface Compression {
    (options: { readonly threshold: number; readonly filter: Filter }): Handler;
    readonly filter: Filter;
  }
  const compression: Compression;
  export default compression;
}
