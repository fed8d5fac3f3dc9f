import { fileURLToPath } from 'node:url';
import grpc from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { orderOf } from '../answer.mjs';

const file = fileURLToPath(new URL('./orders.proto', import.meta.url));
const { Orders } = grpc.loadPackageDefinition(loadSync(file));

export function serve() {
  const server = new grpc.Server();
  server.addService(Orders.service, { Find: ({ request }, answer) => answer(null, orderOf(request.userId)) });
  return new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, port) => {
      if (error) reject(error);
      else resolve(`127.0.0.1:${port}`);
    });
  });
}

export async function connect(address) {
  const client = new Orders(address, grpc.credentials.createInsecure());
  return (userId) =>
    new Promise((resolve, reject) => {
      client.Find({ userId: String(userId) }, (error, order) => (error ? reject(error) : resolve(order)));
    });
}
