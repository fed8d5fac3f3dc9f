const assert = require('node:assert/strict');
const { joinedFields, observability, withSpan } = require('@express-micro/observability');
const express = require('express');

const app = express();
const { logger, shutdown } = observability(app, { service: 'orders', logger: { level: 'info' } });
app.get('/orders/:id', (req, res) => {
  logger.info('looked up', { id: req.params.id });
  res.json(joinedFields());
});
const server = app.listen(0, '127.0.0.1', async () => {
  const url = `http://127.0.0.1:${server.address().port}`;
  const answer = await fetch(`${url}/orders/7`, { headers: { 'x-request-id': 'r-7' } });
  const joined = await answer.json();
  assert.equal(answer.headers.get('x-request-id'), 'r-7');
  assert.equal(joined.requestId, 'r-7');
  // The SDK that was started before this program made a span of the request.
  assert.match(joined.trace_id, /^[0-9a-f]{32}$/);
  assert.match(
    await (await fetch(`${url}/metrics`)).text(),
    /http_request_duration_seconds_count\{method="GET",route="\/orders\/:id",status="200"\} 1/,
  );
  assert.deepEqual(await (await fetch(`${url}/health/live`)).json(), { status: 'alive' });
  assert.equal(
    withSpan('own', {}, () => 42),
    42,
  );
  console.log('observed');
  server.close();
  await shutdown.now();
});
