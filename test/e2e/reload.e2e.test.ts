import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { newKey, testFolder, until } from './processes.test-support.ts';
import { request, startService } from './services.test-support.ts';

const keyFile = (content: string): string => {
  const file = path.join(testFolder(), 'keys');
  writeFileSync(file, content, { mode: 0o600 });
  return file;
};

describe('SIGHUP', () => {
  it('with reloadOnSighup reads the keys again, says so by their ids, and ends nothing', async () => {
    const [before, fresh] = [newKey(), newKey()];
    const file = keyFile(`one:${before}`);
    const service = await startService('service', [], {
      env: { EXPRESS_DISCOVERY_KEY_FILE: file },
      options: { reloadOnSighup: true },
    });
    service.kill('SIGHUP');
    await service.writes(/read again, and as it was: keys$/m);
    writeFileSync(file, `two:${fresh},one:${before}`);
    service.kill('SIGHUP');
    await service.writes(/the keys were renewed: new two; gone none/);
    writeFileSync(file, 'short');
    service.kill('SIGHUP');
    await service.writes(/read again: The key file .* too short.*The keys stay as they were/);
    // Whatever comes how often: it serves.
    for (let i = 0; i < 300; i += 1) service.kill('SIGHUP');
    for (const key of [before, fresh]) {
      const look = await request(`${service.url}/_discovery/services`, { headers: { authorization: `Bearer ${key}` } });
      expect(look.status).toBe(200);
    }
    expect(service.output()).not.toMatch(new RegExp(`${before}|${fresh}`));
  });

  it('does not end a process that is leaving, which ends by itself', async () => {
    const service = await startService('service', [], {
      key: newKey(),
      options: { reloadOnSighup: true, closeOnSigterm: true, drain: { serveOnMs: 1_500 } },
    });
    service.kill('SIGTERM');
    await until(
      'it leaves',
      () => request(`${service.url}/ready`),
      ({ status }) => status === 503,
    );
    service.kill('SIGHUP');
    await service.writes(/read again, and as it was/);
    expect(await service.exit()).toMatchObject({ code: 0, signal: null });
  });

  it('without it is what it is to every process', async () => {
    const service = await startService('service', [], { key: newKey() });
    service.kill('SIGHUP');
    expect((await service.exit()).signal).toBe('SIGHUP');
  });
});
