import { Resolver } from 'node:dns/promises';
import { type Option, OptionProblem, show } from '@express-micro/core';
import { type DnsName, type DnsResolver, parseDnsName } from './dns-names.ts';
import { createDnsSource } from './dns-source.ts';
import type { SourceFactory } from './source.ts';
import { resolveSourceOptions } from './source-options.ts';

export type { DnsResolver } from './dns-names.ts';
export type { SourceFactory } from './source.ts';

export interface DnsSourceOptions {
  /**
   * Full names, each `name:port` (A, or AAAA where there is none) or `_port._protocol.name` (SRV):
   * `orders.shop.svc.cluster.local:3000`, `_http._tcp.orders.shop.svc.cluster.local`.
   */
  readonly names: readonly string[];
  /** How the apps there are called. @default 'http' */
  readonly protocol?: 'http' | 'https' | undefined;
  /** A `Resolver` of `node:dns/promises`, for other servers or time-outs. @default one that asks the servers of the system */
  readonly resolver?: DnsResolver | undefined;
}

/** Tries of the resolver; together they stay below what a round waits for. */
const RESOLVER = { timeout: 500, tries: 2 };

const NAMES: Option<readonly DnsName[]> = {
  takes: 'a list of names such as ["orders.shop.svc.cluster.local:3000", "_http._tcp.orders.shop.svc.cluster.local"]',
  fallback: () => {
    throw new OptionProblem();
  },
  read: (value) => {
    if (!Array.isArray(value) || value.length === 0) throw new OptionProblem();
    return value.map((entry: unknown) => {
      const name = parseDnsName(entry);
      if (name === undefined) throw new OptionProblem(`the entry ${show(entry)}`);
      return name;
    });
  },
};

const PROTOCOL: Option<'http' | 'https'> = {
  takes: "'http' or 'https'",
  fallback: () => 'http',
  read: (value) => {
    if (value !== 'http' && value !== 'https') throw new OptionProblem();
    return value;
  },
};

const RESOLVER_OPTION: Option<DnsResolver> = {
  takes: 'a Resolver of node:dns/promises',
  fallback: () => new Resolver(RESOLVER),
  read: (value) => {
    const resolver = value as Partial<DnsResolver> | null;
    const methods = [resolver?.resolve4, resolver?.resolve6, resolver?.resolveSrv];
    if (!methods.every((method) => typeof method === 'function')) throw new OptionProblem();
    return value as DnsResolver;
  },
};

/**
 * Finds the others behind names of DNS, as headless services of Kubernetes publish them:
 * `expressMicro(app, { source: dnsSource({ names: ['orders.shop.svc.cluster.local:3000'] }) })`. Not for names behind which
 * one address stands for several apps: each is asked at its own.
 *
 * @throws MESH_OPTION_INVALID
 */
export function dnsSource(options: DnsSourceOptions): SourceFactory {
  const table = { names: NAMES, protocol: PROTOCOL, resolver: RESOLVER_OPTION };
  const settings = { ...resolveSourceOptions('dnsSource()', table, options), heard: { incarnation: 0 } };
  return Object.freeze({
    name: 'DNS',
    create: (surroundings) => createDnsSource(settings, surroundings),
  } satisfies SourceFactory);
}
