import { isIPv4 } from 'node:net';
import { type AddressList, normalizeAddress, OptionProblem, createAddressList as readAddressList } from '@express-micro/core';
import { meshError } from '../errors.ts';

/**
 * Reads addresses and CIDR ranges.
 *
 * @param option whose value it is, for the error
 * @throws MESH_OPTION_INVALID
 */
export function createAddressList(entries: readonly string[], option: string): AddressList {
  try {
    return readAddressList(entries);
  } catch (error) {
    if (!(error instanceof OptionProblem)) throw error;
    throw meshError(
      'MESH_OPTION_INVALID',
      `Option "${option}" got ${error.message}; it takes a list of addresses and CIDR ranges, v4 or v6, ` +
        "for example ['127.0.0.1', '10.0.0.0/8', 'fd00::/8']; host names and wildcards are not taken.",
      { details: { option } },
    );
  }
}

export interface ClientOfRequest {
  /** `socket.remoteAddress`; undefined once the socket is gone. */
  readonly socketAddress: string | undefined;
  /** The `X-Forwarded-For` header. */
  readonly forwardedFor: string | readonly string[] | undefined;
  /** The proxies whose word is taken. Without it the header counts for nothing. */
  readonly trustedProxies: AddressList | undefined;
}

/**
 * Who really sent a request: the socket's other end or, while that is a proxy we trust, the one it says it served.
 *
 * Read from the right, because each proxy appends and only what a trusted one appended is true. A hop that is no
 * address gives undefined, which no list holds: guessing would let a client in under its proxy's address.
 */
export function clientAddress({ socketAddress, forwardedFor, trustedProxies }: ClientOfRequest): string | undefined {
  let client = socketAddress === undefined ? undefined : normalizeAddress(socketAddress);
  if (trustedProxies === undefined || forwardedFor === undefined) return client;
  const hops = (typeof forwardedFor === 'string' ? forwardedFor : forwardedFor.join(',')).split(',');
  for (let index = hops.length - 1; index >= 0 && trustedProxies.has(client); index -= 1) {
    client = normalizeAddress(withoutPort((hops[index] ?? '').trim()));
  }
  return client;
}

/** Some gateways write `192.0.2.1:5000` and `[2001:db8::1]:5000`. */
function withoutPort(hop: string): string {
  if (hop.startsWith('[')) return /^\[([^\]]*)\](?::\d{1,5})?$/.exec(hop)?.[1] ?? hop;
  const colon = hop.indexOf(':');
  return colon > 0 && /^\d{1,5}$/.test(hop.slice(colon + 1)) && isIPv4(hop.slice(0, colon)) ? hop.slice(0, colon) : hop;
}
