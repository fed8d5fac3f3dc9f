import { spawn } from 'node:child_process';
import { startReceiver } from './otlp-receiver.js';
import { waterfall } from './waterfall.js';
const receiver = await startReceiver();
const proto = process.argv[2] ?? 'http/protobuf';
const children=[];
async function start(name, peers) {
  const child = spawn(process.execPath, ['--import', '@express-micro/observability/register', new URL(`./${name}.js`, import.meta.url).pathname], { env: { ...process.env, ...(peers && {EXPRESS_MICRO_PEERS: peers}), OTEL_SERVICE_NAME: name, OTEL_EXPORTER_OTLP_PROTOCOL: proto, OTEL_EXPORTER_OTLP_ENDPOINT: proto==='grpc'?receiver.grpc:receiver.http, OTEL_BSP_SCHEDULE_DELAY: '200', EXPRESS_DISCOVERY_KEY: 'k-of-the-example' , NODE_ENV:'production', ...(process.argv[3]?{OTEL_TRACES_SAMPLER:'parentbased_traceidratio',OTEL_TRACES_SAMPLER_ARG:process.argv[3]}:{})}, stdio: ['ignore','pipe','inherit'] });
  children.push(child);
  return new Promise((r)=>{ let t=''; child.once('exit',(c)=>{console.log(name,'exit',c); if(c) process.exit(1)}); child.stdout.on('data',(d)=>{ t+=d; process.stdout.write(`${name} | ${d}`); const m=/ready (\S+)/.exec(t); if(m) r(m[1]); }); });
}
const stock = await start('stock',''); const orders = await start('orders', stock); const shop = await start('shop', orders);
for (const item of ['keyboard','unicorn','meteorite','keyboard']) { const r = await fetch(`${shop}/checkout`, { method:'POST', headers:{'content-type':'application/json'}, body: JSON.stringify({item, count:1}) }); console.log(item, r.status, await r.text()); }
await new Promise(r=>setTimeout(r,600));
const traces = new Map(); for (const s of receiver.spans) traces.set(s.traceId, [...(traces.get(s.traceId)??[]), s]);
for (const [id, spans] of traces) { console.log(id, spans.length); console.log(waterfall(spans,{hasColours:true}).join('\n')); }
console.log(JSON.stringify(receiver.spans.slice(0,3),null,1).slice(0,3000));
for (const c of children) c.kill('SIGTERM');
receiver.close();
