/**
 * Starts OpenTelemetry's SDK before anything of an app is loaded: `node --import @express-micro/observability/register app.js`,
 * or `--require` for it. It takes OpenTelemetry's own environment variables, and two of ours: see docs/tracing.md.
 */
import { isMainThread, parentPort } from 'node:worker_threads';
import { consoleLog } from '@express-micro/core';
import { startTracing } from './register/start.ts';

// Node 20 runs what is given by `--require` also in the thread in which its loader lives, which has no parent to speak to.
if (isMainThread || parentPort !== null)
  startTracing({ env: process.env, main: process.argv[1], warn: (message) => consoleLog.warn(message) });
