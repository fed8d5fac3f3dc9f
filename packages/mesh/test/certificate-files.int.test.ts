import { execFileSync, spawn } from 'node:child_process';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createAuthority } from '../../../test/engines/openssl.ts';
import { type CertificateFiles, openCertificates } from '../src/trust/certificate-files.ts';
import type { ResolvedTls } from '../src/trust/tls-options.ts';

const DAY_MS = 86_400_000;
const authority = createAuthority();
const one = authority.issue('DNS:one');
const two = authority.issue('DNS:two');

let folder: string;
let nowMs: number;
let look: () => void;
let told: string[];
let files: CertificateFiles;

const file = (name: string) => path.join(folder, name);
const put = (name: string, content: string) => {
  writeFileSync(file(`${name}.new`), content);
  renameSync(file(`${name}.new`), file(name));
};

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'certificate-files-'));
  nowMs = Date.now();
  told = [];
  put('cert', one.cert);
  put('key', one.key);
  put('ca', authority.ca);
  files = open();
});
afterEach(() => rmSync(folder, { recursive: true }));

function open(): CertificateFiles {
  return openCertificates({
    tls: { caFile: file('ca'), certFile: file('cert'), keyFile: file('key') } as ResolvedTls,
    clock: {
      monotonicMs: () => nowMs,
      epochMs: () => nowMs,
      after: () => expect.unreachable(),
      every(_ms, run) {
        look = run;
        return { stop() {} };
      },
    },
    serviceOf: undefined,
    onTaken: ({ facts, by }) => told.push(`taken by ${by}: ${facts.names}`),
    onRefused: ({ message }, by) => told.push(`refused by ${by}: ${message}`),
  });
}

function makePipe(at: string): void {
  rmSync(at);
  execFileSync('mkfifo', [at]);
}

it('a certificate and its key that come one after the other are taken together, and nothing is said in between', () => {
  put('cert', two.cert);
  look();
  expect([told, files.set.cert?.toString()]).toEqual([[], one.cert]);
  put('key', two.key);
  look();
  expect([told, files.set.cert?.toString(), files.set.key?.toString()]).toEqual([['taken by file: DNS:two'], two.cert, two.key]);
});

it('a pair that stays wrong is said once, at the second look, and taken as soon as it is right', () => {
  put('key', two.key);
  for (let i = 0; i < 10; i += 1) look();
  expect(told).toEqual([expect.stringMatching(/refused by file: .*the key is not that of the certificate/)]);
  put('cert', two.cert);
  look();
  expect(told[1]).toBe('taken by file: DNS:two');
});

it('a pair that is put back as it was is no news', () => {
  put('key', two.key);
  look();
  put('key', one.key);
  for (let i = 0; i < 3; i += 1) look();
  expect(told).toEqual([]);
});

it('a reload says what is wrong at once, and the files are followed all the same', () => {
  put('cert', two.cert);
  expect(files.reload()).toBe('refused');
  expect(told).toEqual([expect.stringMatching(/refused by signal: .*is not that of the certificate/)]);
  for (let i = 0; i < 3; i += 1) look();
  expect(told).toHaveLength(1);
  put('key', two.key);
  look();
  expect(told[1]).toBe('taken by file: DNS:two');
  expect(files.reload()).toBe('unchanged');
});

it.each([
  ['has expired', 2 * DAY_MS, /has expired/],
  ['does not hold yet', -2 * DAY_MS, /does not hold yet/],
])('a certificate that %s is refused', (_what, shiftMs, words) => {
  nowMs += shiftMs;
  put('cert', two.cert);
  put('key', two.key);
  look();
  look();
  expect(told).toEqual([expect.stringMatching(words)]);
  expect(files.set.cert?.toString()).toBe(one.cert);
  // The same files, and the time has come.
  nowMs -= shiftMs;
  look();
  expect(told[1]).toBe('taken by file: DNS:two');
});

it('a certificate in force that expires stays: another one has to come first', () => {
  nowMs += 2 * DAY_MS;
  for (let i = 0; i < 3; i += 1) look();
  expect(files.reload()).toBe('refused');
  expect(files.set.cert?.toString()).toBe(one.cert);
});

it.each([
  ['missing', (at: string) => rmSync(at), /does not exist/],
  ['a pipe, which nobody writes to', makePipe, /no regular file/],
  ['huge', (at: string) => writeFileSync(at, 'x'.repeat(5_000_000)), /5000000 bytes/],
  ['cut off', (at: string) => writeFileSync(at, readFileSync(at).subarray(0, 400)), /cut off in the middle/],
])('a file that is %s is refused without waiting', (_what, spoil, words) => {
  spoil(file('cert'));
  expect(files.reload()).toBe('refused');
  expect(told).toEqual([expect.stringMatching(words)]);
});

it('authorities alone are followed too, and those of a chain', () => {
  put('ca', authority.ca + createAuthority().ca);
  look();
  expect(told).toEqual(['taken by file: DNS:one']);
  expect(files.facts?.authorities).toHaveLength(2);
  put('cert', one.cert + authority.ca);
  look();
  expect(told).toHaveLength(2);
});

it('what is in force is a pair at every moment, while another process swaps both as fast as it can', async () => {
  for (const [name, { cert, key }] of Object.entries({ one, two })) {
    put(`${name}.cert`, cert);
    put(`${name}.key`, key);
  }
  const swapping = spawn(process.execPath, ['-e', SWAPPER], { cwd: folder, stdio: ['pipe', 'pipe', 'inherit'] });
  await once(swapping.stdout, 'data');
  for (let i = 0; i < 300; i += 1) {
    files.reload();
    look();
    const { cert = '', key = '' } = files.set;
    expect(new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))).toBe(true);
  }
  const end = once(swapping, 'exit');
  swapping.stdin.end();
  await end;
  // What it met in between is one of two things, and never the key.
  const refusals = told.filter((line) => line.startsWith('refused'));
  for (const line of refusals) expect(line).toMatch(/not that of the certificate|changed while they were read/);
  expect(told.length - refusals.length).toBeGreaterThan(0);
  put('cert', two.cert);
  put('key', two.key);
  files.reload();
  expect(files.set.cert?.toString()).toBe(two.cert);
});

/** Certificate first and key second, over and over, until its input ends. */
const SWAPPER = `
  const { copyFileSync, renameSync } = require('node:fs');
  let isOver = false;
  process.stdin.on('data', () => {}).on('end', () => { isOver = true; });
  const swap = (turn) => {
    const from = turn % 2 ? 'one' : 'two';
    for (const part of ['cert', 'key']) {
      copyFileSync(from + '.' + part, part + '.next');
      renameSync(part + '.next', part);
    }
    if (turn === 10) process.stdout.write('.');
    if (!isOver) setImmediate(swap, turn + 1);
  };
  swap(0);
`;

it('nothing is read after close()', () => {
  files.close();
  put('cert', two.cert);
  expect(files.reload()).toBe('unchanged');
});
