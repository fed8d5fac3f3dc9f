import { createRequire } from 'node:module';
import type { Side } from './document.ts';

const LIBRARY = '@valibot/to-json-schema';

interface Overriding {
  readonly valibotSchema: { readonly type: string };
}

type ToJsonSchema = (schema: unknown, options: object) => unknown;

/** @throws an error that says what to install */
export function valibotJson(schema: unknown, side: Side): unknown {
  return converter()(schema, {
    target: 'draft-2020-12',
    typeMode: side,
    // What JSON has no word for is left open.
    errorMode: 'ignore',
    overrideSchema: ({ valibotSchema }: Overriding) =>
      valibotSchema.type === 'date' && side === 'output' ? { type: 'string', format: 'date-time' } : undefined,
  });
}

/** Only those who have Valibot need it. */
function converter(): ToJsonSchema {
  try {
    return (createRequire(__filename)(LIBRARY) as { readonly toJsonSchema: ToJsonSchema }).toJsonSchema;
  } catch (cause) {
    if ((cause as { code?: unknown }).code !== 'MODULE_NOT_FOUND') throw cause;
    throw new Error(`Valibot tells its schemas by ${LIBRARY}, which is not installed: npm install ${LIBRARY}`, { cause });
  }
}
