import { isMicroError } from '@express-micro/core';
import type { MeshErrorCode } from '../errors.ts';
import { camelCase } from '../routes/camel-case.ts';

/** An error as the other side told it: its own code, and what it sent with it. */
export interface RemoteFailure {
  readonly code: string;
  readonly status: number;
  readonly data: unknown;
  readonly message: string;
}

const REMOTE_STATUS: MeshErrorCode = 'MESH_REMOTE_STATUS';

/**
 * What an error of a call says, if it is the answer of this very function and has a code; of a contract, one that it declares: `VALIDATION_FAILED` may
 * be anybody's, and its data of any shape. Of any copy of this package.
 */
export function remoteFailureOf(error: unknown, service: string, name: string): RemoteFailure | undefined {
  if (!isMicroError(error) || error.code !== REMOTE_STATUS) return undefined;
  const facts = error as { service?: unknown; function?: unknown; data?: unknown; declares?: object | undefined };
  if (facts.function !== name || typeof facts.service !== 'string') return undefined;
  // The caller may have written any spelling; the error has the exact one.
  if (facts.service !== service && camelCase(facts.service) !== camelCase(service)) return undefined;
  const body = facts.data;
  if (typeof body !== 'object' || body === null) return undefined;
  const code = own(body, 'code');
  if (typeof code !== 'string') return undefined;
  if (facts.declares !== undefined && own(facts.declares, code) !== error.status) return undefined;
  // RFC 9457 says `detail` where we say `message`.
  const message = [own(body, 'message'), own(body, 'detail')].find((text) => typeof text === 'string') as string | undefined;
  return { code, status: error.status, data: own(body, 'data'), message: message ?? error.message };
}

/** Own properties only: what the prototype has was not sent. */
function own(value: object, key: string): unknown {
  return Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined;
}
