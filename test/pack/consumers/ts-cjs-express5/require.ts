// Both ways of importing in a CommonJS file, under every setting of `esModuleInterop`.
import express = require('express');
import expressMicro = require('express-micro');

import imported, { type Services } from 'express-micro';
import { type RedisClient, redisSource } from 'express-micro/sources/redis';
import { createTestMesh, type TestService } from 'express-micro/testing';

export const same: typeof expressMicro = imported;
export const micro: ReturnType<typeof expressMicro> = expressMicro(express(), { serviceName: 'order-service' });
export const isClass: boolean = new Error() instanceof expressMicro.MicroError;
export type Names = keyof Services | keyof expressMicro.Services;
export const found = (client: RedisClient): ReturnType<typeof expressMicro> =>
  expressMicro(express(), { source: redisSource({ client }) });
export const service = (): TestService => createTestMesh().service('order-service', express());
