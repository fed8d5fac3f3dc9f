// tRPC with its standalone server and the link of its quick start, which sends the calls of one moment together.
import { createTRPCClient, httpBatchLink } from '@trpc/client';
import { initTRPC } from '@trpc/server';
import { createHTTPServer } from '@trpc/server/adapters/standalone';
import { orderOf } from '../answer.mjs';

const t = initTRPC.create();
const router = t.router({ order: t.procedure.input((userId) => Number(userId)).query(({ input }) => orderOf(input)) });

export function serve() {
  const server = createHTTPServer({ router });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${(server.server ?? server).address().port}`));
  });
}

export async function connect(url) {
  const client = createTRPCClient({ links: [httpBatchLink({ url })] });
  return (userId) => client.order.query(userId);
}
