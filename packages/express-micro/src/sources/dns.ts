export { type DnsResolver, type DnsSourceOptions, dnsSource } from '@express-micro/mesh/sources/dns';
