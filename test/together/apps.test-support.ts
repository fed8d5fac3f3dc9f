import http from 'node:http';
import { createRequire } from 'node:module';
import express5 from 'express';

/** Both Express versions behind one type: what the tests use is the same in both. */
export const expresses: readonly [string, typeof express5][] = [
  ['Express 5', express5],
  ['Express 4', createRequire(import.meta.url)('express4') as typeof express5],
];

export type App = ReturnType<typeof express5>;

export interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
  readonly text: string;
}

/** A request on a connection of its own, with nothing added that was not asked for. */
export function ask(
  url: string,
  { method = 'GET', headers = {} }: { readonly method?: string; readonly headers?: Record<string, string> } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = http.request(url, { method, headers, agent: false }, (res) => {
      const chunks: Buffer[] = [];
      res.on('data', (chunk: Buffer) => chunks.push(chunk));
      res.once('end', () => {
        const body = Buffer.concat(chunks);
        resolve({ status: res.statusCode ?? 0, headers: res.headers, body, text: body.toString() });
      });
      res.once('error', reject);
    });
    request.once('error', reject).end();
  });
}

/** The lines of a page that begin so, without the comments. */
export function series(page: string, name: string): string[] {
  return page.split('\n').filter((line) => line.startsWith(name));
}
