import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { describeProcess } from './resource.ts';

const folders: string[] = [];
afterEach(() => {
  vi.unstubAllEnvs();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

/** A program, and the manifests of the folders down to it. */
function program(...manifests: (string | undefined)[]): string {
  let folder = mkdtempSync(path.join(tmpdir(), 'resource-'));
  folders.push(folder);
  for (const manifest of manifests) {
    if (manifest !== undefined) writeFileSync(path.join(folder, 'package.json'), manifest);
    folder = path.join(folder, 'inner');
    mkdirSync(folder);
  }
  return path.join(folder, 'app.js');
}

describe('M6: who a process is', () => {
  it('is the name and the version of its package, and NODE_ENV', () => {
    const main = program('{"name":"shop","version":"3.2.1"}', undefined);
    expect(describeProcess({ NODE_ENV: 'staging' }, main).attributes).toMatchObject({
      'service.name': 'shop',
      'service.version': '3.2.1',
      'deployment.environment.name': 'staging',
      'process.runtime.name': 'nodejs',
    });
  });

  it('is what the operator says, where he does', () => {
    vi.stubEnv('OTEL_SERVICE_NAME', 'front');
    vi.stubEnv('OTEL_RESOURCE_ATTRIBUTES', 'service.version=9,team=a');
    const main = program('{"name":"shop","version":"3.2.1"}');
    expect(describeProcess({}, main).attributes).toMatchObject({ 'service.name': 'front', 'service.version': '9', team: 'a' });
  });

  it.each([
    ['one that only says which modules those below are', '{"type":"commonjs"}'],
    ['one that is no object', 'null'],
    ['one that cannot be read', '{'],
  ])('is looked for above %s', (_what, nearest) => {
    const main = program('{"name":"shop","version":"3.2.1"}', nearest);
    expect(describeProcess({}, main).attributes).toMatchObject({ 'service.name': 'shop', 'service.version': '3.2.1' });
  });

  it('has a name where nothing says one', () => {
    expect(describeProcess({}, undefined).attributes['service.name']).toBe('unnamed-service');
    expect(describeProcess({}, '/nowhere/app.js').attributes['service.name']).toBe('unnamed-service');
  });
});
