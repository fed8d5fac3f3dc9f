import { DNS, resolverAt, startDns } from '../../../../test/engines/dns.ts';
import { findBinary, whyMissing } from '../../../../test/engines/engine.ts';
import { dnsSource } from '../../src/sources/dns.ts';
import { describeSource } from './conformance.test-support.ts';

describeSource({
  name: 'DNS',
  missing: findBinary(DNS) === undefined ? whyMissing(DNS) : undefined,
  pingIntervalMs: 600,
  hasEngine: true,
  hasRecords: false,
  async open() {
    const engine = await startDns();
    const ports: string[] = [];
    // As a headless service has it: one SRV record for each app, and a name of its own that has its address.
    const publish = () =>
      engine.publish([
        ...ports.map((port) => `_http._tcp.apps SRV 0 0 ${port} app-${port}`),
        ...[...new Set(ports)].map((port) => `app-${port} A 127.0.0.1`),
      ]);
    return {
      // What a name server says is no data of its own: it comes from elsewhere, and is there again when it starts.
      engine: { ...engine, wipe: () => {} },
      async member(url) {
        const { port } = new URL(url);
        ports.push(port);
        await publish();
        const names = ['_http._tcp.apps.mesh.test'];
        return {
          options: { source: dnsSource({ names, resolver: resolverAt(engine.port) }) },
          end() {
            ports.splice(ports.indexOf(port), 1);
            return publish();
          },
        };
      },
      close: engine.close,
    };
  },
});
