import type { DiscoveryAnswer } from './discovery-client.ts';

/** Why nobody was found at the address of a peer, and what to do; `undefined` where somebody was. */
export function complaintOf(answer: DiscoveryAnswer): string | undefined {
  if (answer.outcome === 'answered' || answer.outcome === 'self') return undefined;
  if (answer.outcome === 'refused') return 'nobody listens there yet; it is asked again';
  const status = answer.outcome === 'silent' ? answer.status : undefined;
  if (status === 401) return 'it answers 401. Has it the same EXPRESS_DISCOVERY_KEY?';
  if (status === 403) return 'it answers 403. Does its ipWhitelist have us?';
  if (status !== undefined) return `it answers ${status} and no proof that it is a member. Is it an express-micro app?`;
  return `no answer (${answer.reason}); it is asked again`;
}
