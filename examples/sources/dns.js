import { Resolver } from 'node:dns/promises';
// #region source
import { dnsSource } from 'express-micro/sources/dns';

const names = [process.env.DNS_NAME]; // apps.shop.svc.cluster.local:3000, or _http._tcp.apps.shop.svc.cluster.local

export const source = dnsSource({ names, resolver: resolverOf(process.env.DNS_SERVER) }); // expressMicro(app, { source })

/** Without a server of your own leave it out: then those of the system are asked. */
function resolverOf(server) {
  if (server === undefined) return undefined;
  const resolver = new Resolver({ timeout: 500, tries: 2 });
  resolver.setServers([server]);
  return resolver;
}
// #endregion
export const endClient = () => {};
