/** One entry of `subjectaltname`: Node puts quotes around a value with anything in it that could end it. */
const ENTRY = /(?:^|, )([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^",]*)/y;
const SEGMENT = /^[A-Za-z0-9._-]+$/;
const MAX_ID_LENGTH = 2_048;

/**
 * The SPIFFE ID of a certificate: its one URI. `undefined` where it has none, or more than one, which no X.509-SVID has.
 * @see SPIFFE X.509-SVID, section 2
 */
export function spiffeIdOf(subjectAltName: string | undefined): string | undefined {
  if (subjectAltName === undefined) return undefined;
  const uris: string[] = [];
  ENTRY.lastIndex = 0;
  let at = 0;
  for (let entry = ENTRY.exec(subjectAltName); entry !== null; entry = ENTRY.exec(subjectAltName)) {
    at = ENTRY.lastIndex;
    if (entry[1] === 'URI') uris.push(entry[2] as string);
  }
  return at === subjectAltName.length && uris.length === 1 ? uris[0] : undefined;
}

/**
 * The service that an ID of this trust domain speaks for: the last part of its path, as in `spiffe://shop.example/order-service`
 * and `spiffe://shop.example/ns/default/sa/order-service`. `undefined` for any other text.
 * @see SPIFFE-ID, section 2
 */
export function serviceOfSpiffeId(id: string, trustDomain: string): string | undefined {
  const start = `spiffe://${trustDomain}/`;
  if (!id.startsWith(start) || id.length > MAX_ID_LENGTH) return undefined;
  const segments = id.slice(start.length).split('/');
  const isPath = segments.every((segment) => SEGMENT.test(segment) && segment !== '.' && segment !== '..');
  return isPath ? segments.at(-1) : undefined;
}

/** `shop.example`: small letters, digits, `.`, `-` and `_`. */
export function isTrustDomain(value: unknown): value is string {
  return typeof value === 'string' && /^[a-z0-9._-]{1,255}$/.test(value);
}
