import type { Middleware } from './admission.ts';
import { answerJson } from './answers.ts';

const READY = Buffer.from('{"status":"ready"}');
const LEAVING = Buffer.from('{"status":"leaving"}');

/** Answers a load balancer whether to send requests: 200 until this process begins to leave, 503 from then on. */
export function createReadiness(isReady: () => boolean): Middleware {
  return (_req, res) => {
    const ready = isReady();
    answerJson(res, ready ? 200 : 503, ready ? READY : LEAVING);
  };
}
