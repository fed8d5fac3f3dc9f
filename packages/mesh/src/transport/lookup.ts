import { type LookupAddress, type LookupOptions, lookup as lookupOfNode } from 'node:dns';
import { isForbiddenAddress } from '../identity.ts';

type Found = (error: NodeJS.ErrnoException | null, address: string | LookupAddress[], family?: number) => void;
type Resolve = (hostname: string, options: LookupOptions & { all: true }, found: Found) => void;

/**
 * The addresses of a name, for connections to others: none where one of them is an address at which no service can be. The
 * connection is made to what was looked at here, so a name cannot mean something else a moment later (DNS rebinding).
 */
export function createGuardedLookup(resolve: Resolve = lookupOfNode) {
  return (hostname: string, options: LookupOptions, callback: Found): void => {
    resolve(hostname, { ...options, all: true }, (error, found) => {
      if (error !== null) {
        callback(error, []);
        return;
      }
      const all = found as LookupAddress[];
      const forbidden = all.find(({ address }) => isForbiddenAddress(address));
      const [first] = all;
      if (forbidden !== undefined || first === undefined) {
        const what = first === undefined ? 'has no address' : `is ${forbidden?.address}, at which no service can be`;
        callback(Object.assign(new Error(`${hostname} ${what}`), { code: 'ENOTFOUND', hostname }), []);
      } else if (options.all === true) callback(null, all);
      else callback(null, first.address, first.family);
    });
  };
}

export const guardedLookup: ReturnType<typeof createGuardedLookup> = createGuardedLookup();
