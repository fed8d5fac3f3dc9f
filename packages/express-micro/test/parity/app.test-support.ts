import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type App, expresses } from '../fleet.test-support.ts';
import { type Observed, observe } from './observed.test-support.ts';
import type { Kit, Topic } from './parity.test-support.ts';

export function expressOf(version: Kit['version']): Kit['express'] {
  const [, express] = expresses.find(([name]) => name === version) ?? expresses[0]!;
  return express;
}

/** The routes of all topics, behind somebody who watches every request. */
export function declareTopics(app: App, topics: readonly Topic[], version: Kit['version'], files: string): Observed {
  const observed = observe();
  // A page of an error would show stacks, which differ by the frames of whoever stands in front.
  app.set('env', 'production');
  app.use(observed.middleware);
  for (const { declare } of topics) declare({ express: expressOf(version), app, version, files, note: observed.note });
  return observed;
}

const LONG_AGO = new Date('2024-02-03T04:05:06Z');

/** Files with one age, so that their `Last-Modified` and `ETag` are the same in every way. */
export function makeFiles(): { folder: string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'express-micro-parity-'));
  mkdirSync(join(folder, 'sub'));
  const contents: [string, string | Buffer][] = [
    ['page.html', '<h1>A page with an é</h1>\n'],
    ['data.bin', Buffer.from(Array.from({ length: 1_000 }, (_, at) => at % 251))],
    ['.hidden', 'nobody sees it'],
    ['sub/index.html', '<p>index</p>'],
    ['empty.txt', ''],
    ['script.js', `/* ${'x'.repeat(3_000)} */`],
  ];
  for (const [name, content] of contents) {
    writeFileSync(join(folder, name), content);
    utimesSync(join(folder, name), LONG_AGO, LONG_AGO);
  }
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
