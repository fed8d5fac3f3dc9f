// Serves one of the kinds. Tells its port and, on demand, the CPU time it used.
import { KINDS } from './kinds.mjs';

const listen = KINDS[process.argv[2] ?? ''];
if (listen === undefined) throw new Error(`There is no kind "${process.argv[2]}".`);
process.send?.({ port: await listen() });
process.on('message', () => process.send?.({ cpu: process.cpuUsage() }));
process.on('disconnect', () => process.exit(0));
