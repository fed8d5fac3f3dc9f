// A NestJS microservice over TCP. Decorators are applied by hand: that is all that a compiler would do here.
import 'reflect-metadata';
import { createServer } from 'node:net';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ClientProxyFactory, MessagePattern, Transport } from '@nestjs/microservices';
import { firstValueFrom } from 'rxjs';
import { orderOf } from '../answer.mjs';

const PATTERN = { cmd: 'orders' };

class Orders {
  find({ userId }) {
    return orderOf(userId);
  }
}
MessagePattern(PATTERN)(Orders.prototype, 'find', Object.getOwnPropertyDescriptor(Orders.prototype, 'find'));
Controller()(Orders);

class Root {}
Module({ controllers: [Orders] })(Root);

export async function serve() {
  const port = await freePort();
  const options = { host: '127.0.0.1', port };
  const app = await NestFactory.createMicroservice(Root, { transport: Transport.TCP, options, logger: false });
  await app.listen();
  return String(port);
}

export async function connect(port) {
  const client = ClientProxyFactory.create({ transport: Transport.TCP, options: { host: '127.0.0.1', port: Number(port) } });
  await client.connect();
  return (userId) => firstValueFrom(client.send(PATTERN, { userId }));
}

/** It does not tell which port it was given for 0. */
function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
