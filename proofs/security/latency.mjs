import { Agent, get } from 'node:http';

const RPS = 100;

/** The 99th of a hundred durations of a small request, in milliseconds, asked by its time and not by its answer. @param {string} url @param {number} seconds */
export async function latency(url, seconds) {
  const agent = new Agent({ keepAlive: true });
  /** @type {Promise<number>[]} */
  const durations = [];
  const startedMs = performance.now();
  for (let sent = 0; sent < RPS * seconds; sent++) {
    const waitMs = startedMs + (sent / RPS) * 1_000 - performance.now();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    durations.push(one(`${url}/items/1`, agent));
  }
  const sorted = (await Promise.all(durations)).sort((a, b) => a - b);
  agent.destroy();
  return /** @type {number} */ (sorted[Math.floor(sorted.length * 0.99)]);
}

/** @param {string} url @param {Agent} agent @returns {Promise<number>} */
function one(url, agent) {
  const begunMs = performance.now();
  return new Promise((resolve, reject) => {
    get(url, { agent, timeout: 10_000 }, (res) => {
      if (res.statusCode !== 200) return reject(new Error(`status ${res.statusCode}`));
      res.resume().once('end', () => resolve(performance.now() - begunMs));
    })
      .once('timeout', () => reject(new Error('no answer in 10 s')))
      .once('error', reject);
  });
}
