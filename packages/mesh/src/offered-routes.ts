import type { RouteDescriptor } from './routes/descriptor.ts';
import { routesHash } from './routes/list-codec.ts';
import { nameRoutes, type RouteTable } from './routes/naming.ts';

export interface Offer {
  readonly hash: string;
  readonly table: RouteTable;
}

/** What we offer, read again at each call: an app can declare routes at any time. @param onChange told before the offer is given out */
export function createOffer(read: () => readonly RouteDescriptor[], onChange: (offer: Offer) => void): () => Offer {
  let offered: Offer = { hash: routesHash([]), table: nameRoutes([]) };
  return () => {
    const descriptors = read();
    const hash = routesHash(descriptors);
    if (hash !== offered.hash) {
      offered = { hash, table: nameRoutes(descriptors) };
      onChange(offered);
    }
    return offered;
  };
}
