import { once } from 'node:events';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import express5 from 'express';
import { afterEach } from 'vitest';
import { type Logger, type Observability, type ObservabilityOptions, observability } from '../src/index.ts';

export const EXPRESSES = [
  { version: 4, express: createRequire(import.meta.url)('express4') as typeof express5 },
  { version: 5, express: express5 },
] as const;

export type App = ReturnType<typeof express5>;
export type LoggedLine = Readonly<Record<string, unknown>> & { readonly message?: string };

const closers: (() => unknown)[] = [];
/** What a stream throws becomes nobody's error, so it is looked at behind each test. */
const malformed: string[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  if (malformed.length > 0) throw new Error(`not one line of JSON each: ${malformed.splice(0).join('|')}`);
});

export function later(close: () => unknown): void {
  closers.push(close);
}

/** Keeps what a logger writes, and lets a test wait for it. */
export function createLines(): {
  lines: LoggedLine[];
  stream: { write(line: string): void };
  some(isSo: (line: LoggedLine) => boolean, count?: number): Promise<LoggedLine[]>;
} {
  const lines: LoggedLine[] = [];
  const waiting = new Set<() => void>();
  return {
    lines,
    stream: {
      write(line) {
        if (!line.endsWith('}\n') || line.indexOf('\n') !== line.length - 1) malformed.push(line);
        lines.push(JSON.parse(line) as LoggedLine);
        for (const look of waiting) look();
      },
    },
    some(isSo, count = 1) {
      return new Promise((resolve) => {
        const look = () => {
          const found = lines.filter(isSo);
          if (found.length < count) return;
          waiting.delete(look);
          resolve(found);
        };
        waiting.add(look);
        look();
      });
    },
  };
}

export async function listen(app: App): Promise<string> {
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  later(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

type Observed = ReturnType<typeof createLines> & { readonly logger: Logger; readonly observed: Observability };

/** An observed app whose lines the test sees, all levels of them. */
export function observe(app: App, options: ObservabilityOptions = {}): Observed {
  const seen = createLines();
  const logger = { console: false, level: 'trace', stream: seen.stream } as const;
  const observed = observability(app, { service: 'orders', logger, ...options });
  later(() => observed.close());
  return { ...seen, logger: observed.logger, observed };
}

export const isAccess = (line: LoggedLine): boolean => 'durationMs' in line;
