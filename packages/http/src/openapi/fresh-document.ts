import type { OpenApiDocument } from './document.ts';
import { buildDocument } from './open-api.ts';
import type { ResolvedOpenApiOptions } from './options.ts';

/** The document as it is now. The same object while the routes are the same. */
export type FreshDocument = () => OpenApiDocument;

/** Made when it is first asked for, and again when it is asked for and the routes are others. */
export function createFreshDocument(options: ResolvedOpenApiOptions): FreshDocument {
  const warned = new Set<string>();
  const log = {
    warn(message: string) {
      if (!warned.has(message)) options.log.warn(message);
      warned.add(message);
    },
  };
  let made: { readonly document: OpenApiDocument; readonly of: readonly unknown[] } | undefined;
  return () => {
    const plain = options.plainRoutes();
    // The lists may grow in place; contracts themselves are frozen.
    const of = [...options.routes, ...plain];
    if (made === undefined || made.of.length !== of.length || of.some((each, at) => each !== made?.of[at])) {
      made = { document: buildDocument({ ...options, plainRoutes: () => plain, log }), of };
    }
    return made.document;
  };
}
