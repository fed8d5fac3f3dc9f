// Starts both services as processes of their own, waits until they have found each other, and makes a call across both.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const PATIENCE_MS = 30_000;
const names = ['user-service', 'order-service'];
const startedAt = Date.now();
let keyFile = '$EXPRESS_DISCOVERY_KEY';
let found = 0;

const children = names.map((name) => {
  const child = spawn(process.execPath, [fileURLToPath(new URL(`./${name}.js`, import.meta.url))], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      for (const line of text.split('\n').filter(Boolean)) console.log(`${name.padEnd(13)} | ${line}`);
      found += text.split('\n').filter((line) => line.startsWith('found ')).length;
      keyFile = /the discovery key is in (\S+)/.exec(text)?.[1] ?? keyFile;
    });
  }
  child.once('exit', (code, signal) => {
    const wasAsked = signal === 'SIGINT' || signal === 'SIGTERM';
    // Before the first call nobody has a reason to end but a mistake: mostly a port that is taken.
    const hint = found < names.length && !wasAsked ? ' before it was found (are the ports 3001 and 3002 free?)' : '';
    stop(wasAsked ? 0 : code || (hint === '' ? 0 : 1), `${name} ended${hint}`);
  });
  return child;
});

let isStopping = false;
/** Ends both services, then this process. Ctrl-C reaches the services by itself too; telling them twice does no harm. */
function stop(code, why) {
  if (isStopping) return;
  isStopping = true;
  console.log(`\n${why}: stopping both services.`);
  for (const child of children) child.kill('SIGTERM');
  process.exitCode = code;
}
process.once('SIGINT', () => stop(0, 'Ctrl-C'));
process.once('SIGTERM', () => stop(0, 'SIGTERM'));

async function firstCall() {
  while (found < names.length) {
    if (isStopping) return undefined;
    if (Date.now() - startedAt > PATIENCE_MS) throw new Error(`the services did not find each other within ${PATIENCE_MS} ms`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const response = await fetch('http://127.0.0.1:3001/users/1/profile');
  if (!response.ok) throw new Error(`the first call across both answered ${response.status}`);
  return { profile: await response.text(), ms: Date.now() - startedAt };
}

try {
  const result = await firstCall();
  if (result !== undefined) {
    const bearer = keyFile.startsWith('$') ? keyFile : `$(cat ${keyFile})`;
    console.log(`
The two services found each other and answered a request that crosses both, ${result.ms} ms after their start:

  GET http://127.0.0.1:3001/users/1/profile
  ${result.profile}

Try next:

  curl http://127.0.0.1:3001/users/1/profile
  curl -X POST http://127.0.0.1:3002/orders -H 'content-type: application/json' -d '{"userId": 2, "item": "compiler"}'
  curl http://127.0.0.1:3001/users/2/profile
  curl -X POST http://127.0.0.1:3002/orders -H 'content-type: application/json' -d '{"userId": 9, "item": "none"}'
  curl -H "Authorization: Bearer ${bearer}" http://127.0.0.1:3001/_discovery/services

Ctrl-C ends both.`);
  }
} catch (error) {
  stop(1, error.message);
}
