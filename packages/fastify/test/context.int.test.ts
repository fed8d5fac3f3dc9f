import { afterAll, expect, it } from 'vitest';
import { start, stopAll } from './fleet.test-support.ts';

afterAll(stopAll);

// Alone in its file: whoever asks for the services of an app has contexts kept in the whole process.
it('the very first request has its context behind its body, where services are first asked for', async () => {
  const remote = await start('remote', (app) => void app.get('/ids', async (request) => request.headers['x-request-id']));
  const relay = await start(
    'relay',
    (app) => {
      app.post('/relays', async () => {
        await new Promise((resolve) => setImmediate(resolve));
        return app.micro.services.remote.getIds();
      });
    },
    { peers: [remote.url] },
  );
  await relay.app.micro.ready();
  const headers = { 'content-type': 'application/json', 'x-request-id': 'first-of-all' };
  const response = await fetch(`${relay.url}/relays`, { method: 'POST', headers, body: '{"a":1}' });
  expect(await response.text()).toBe('first-of-all');
});
