/** What `register` runs in a thread of its own, to send traces; of no use to anybody else. */
import { parentPort } from 'node:worker_threads';
import { type Batch, createSending } from './register/sending.ts';

if (parentPort !== null) {
  const port = parentPort;
  const send = createSending((news) => port.postMessage(news));
  port.on('message', (batch: Batch) => void send(batch));
}
