import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createLogger, type LevelName, type LoggerOptions, levelEndpoint } from '../src/index.ts';
import { createLines, later } from './apps.test-support.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

function fail(): never {
  throw new Error('no');
}

function logger(options: LoggerOptions = {}) {
  const seen = createLines();
  const made = createLogger({ service: 'jobs', console: false, stream: seen.stream, ...options });
  later(() => made.close());
  return { logger: made, ...seen };
}

const without = (line: object | undefined) => {
  const { timestamp: _t, service: _s, ...rest } = line as Record<string, unknown>;
  return rest;
};

describe('a logger', () => {
  it('M3: tells error, warn and info in production, http too in staging, all but trace elsewhere; LOG_LEVEL decides', () => {
    const levels: LevelName[] = ['error', 'warn', 'info', 'http', 'debug', 'trace'];
    const toldIn = (env: Record<string, string>) => {
      for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
      const { logger: one, lines } = logger();
      for (const level of levels) one[level](level);
      vi.unstubAllEnvs();
      expect(lines.map(({ level }) => level)).toEqual(lines.map(({ message }) => message));
      return lines.map(({ level }) => level).join(' ');
    };
    vi.stubEnv('LOG_LEVEL', '');
    expect(toldIn({ NODE_ENV: 'production', LOG_LEVEL: '' })).toBe('error warn info');
    expect(toldIn({ NODE_ENV: 'staging', LOG_LEVEL: '' })).toBe('error warn info http');
    expect(toldIn({ NODE_ENV: 'development', LOG_LEVEL: '' })).toBe('error warn info http debug');
    expect(toldIn({ NODE_ENV: 'production', LOG_LEVEL: 'TRACE' })).toBe(levels.join(' '));
    expect(() => toldIn({ LOG_LEVEL: 'loud' })).toThrow('LOG_LEVEL is "loud"');
  });

  it('takes message, fields and error in whatever order they come', () => {
    const { logger: log, lines } = logger();
    const error = new RangeError('too far');
    log.info('a', { n: 1 });
    log.info({ n: 1 }, 'a');
    log.info({ message: 'a', n: 1 });
    log.info('%s of %d', 'one', 2);
    log.info({ n: 1 }, '%s', 'a');
    log.info('done:', 7);
    log.info({ n: 1 });
    log.error(error);
    log.error('failed', error);
    log.error(error, 'failed');
    log.error('failed', { error, n: 1 });
    expect(lines.slice(0, 7).map(without)).toEqual([
      { level: 'info', n: 1, message: 'a' },
      { level: 'info', n: 1, message: 'a' },
      { level: 'info', n: 1, message: 'a' },
      { level: 'info', message: 'one of 2' },
      { level: 'info', n: 1, message: 'a' },
      { level: 'info', message: 'done: 7' },
      { level: 'info', n: 1 },
    ]);
    const told = { type: 'RangeError', message: 'too far', stack: expect.stringContaining('logger.int.test.ts') };
    expect(lines.slice(7).map(without)).toEqual([
      { level: 'error', error: told, message: 'too far' },
      { level: 'error', error: told, message: 'failed' },
      { level: 'error', error: told, message: 'failed' },
      { level: 'error', error: told, n: 1, message: 'failed' },
    ]);
  });

  it('has children that add fields, share its level, and lose to fields of the line', () => {
    const { logger: log, lines } = logger({ level: 'info' });
    const child = log.child({ orderId: 1, password: 'p' }).child({ step: 'pay' });
    child.debug('not yet');
    log.level = 'debug';
    child.debug('now', { orderId: 2 });
    expect(lines.map(without)).toEqual([
      { level: 'warn', message: 'Log level is debug now, it was info (set by the program).' },
      { level: 'debug', orderId: 2, password: '[redacted]', step: 'pay', message: 'now' },
    ]);
    expect([log.isLevelEnabled('debug'), child.level]).toEqual([true, 'debug']);
    expect(() => {
      log.level = 'loud' as LevelName;
    }).toThrow('A level is one of error, warn, info, http, debug, trace');
  });

  it('writes what any line is, and never throws', () => {
    const { logger: log, lines } = logger();
    const odd: unknown[] = [
      undefined,
      null,
      7,
      Symbol('s'),
      () => 1,
      new Proxy(
        {},
        {
          ownKeys: () => {
            throw new Error('no');
          },
        },
      ),
      Object.create(null),
      [1, 2],
      new Date(0),
      '\ud800',
      'a\nb',
    ];
    const throwing = {
      toString: () => fail(),
      toJSON: () => fail(),
      get a() {
        return fail();
      },
    };
    const revoked = Proxy.revocable({}, {});
    revoked.revoke();
    odd.push(
      new Proxy({ a: 1 }, { get: fail }),
      revoked.proxy,
      throwing,
      Object.assign(() => {}, { toString: fail }),
      Object.assign(new Error('x'), { name: Symbol('s') }),
    );
    for (const one of odd) log.info(one as never);
    expect(lines).toHaveLength(odd.length);
    expect(lines.some(({ message }) => message === 'a\nb')).toBe(true);
    log.info('%s', throwing);
    log.info('%j', throwing);
    log.info('kept', throwing);
    expect(lines.slice(-3).map(({ message, unreadable }) => [message, unreadable])).toEqual([
      ['%s', 'no'],
      ['%j', 'no'],
      ['kept', 'no'],
    ]);
  });

  it('writes no line without an end, whatever refers to whatever how often', () => {
    const { logger: log, lines } = logger();
    let many: object = { leaf: 1 };
    for (let depth = 0; depth < 5; depth++) many = Object.fromEntries(Array.from({ length: 10 }, (_, at) => [`key${at}`, many]));
    log.info('many', { many });
    const texts = Array.from({ length: 150 }, () => 'x'.repeat(16_000));
    log.info('long', { texts, after: 7 });
    log.info('next', { texts: texts.slice(0, 2), after: 7 });
    const [first, second, third] = lines.map((line) => JSON.stringify(line));
    for (const line of [first, second]) {
      expect(line?.length).toBeLessThan(400_000);
      expect(line).toContain('[more]');
    }
    expect(lines[1]).toMatchObject({ message: 'long', after: '[more]' });
    expect(third).not.toContain('[more]');
  });

  it.skipIf(process.platform === 'win32')('changes its level by a signal, one step a time, and then back', async () => {
    const { logger: log } = logger({ level: 'http', levelSignal: 'SIGUSR2' });
    const levels: string[] = [];
    for (let i = 0; i < 3; i++) {
      const changed = new Promise<string>((resolve) => {
        const stop = log.on('level', ({ level }) => {
          stop();
          resolve(level);
        });
      });
      process.kill(process.pid, 'SIGUSR2');
      levels.push(await changed);
    }
    expect(levels).toEqual(['debug', 'trace', 'http']);
  });

  it.skipIf(process.platform === 'win32')(
    'hears a signal once for all loggers of a process, and not when they are closed',
    async () => {
      const before = process.listenerCount('SIGUSR2');
      const loggers = Array.from({ length: 12 }, () => logger({ level: 'http', levelSignal: 'SIGUSR2' }).logger);
      expect(process.listenerCount('SIGUSR2')).toBe(before + 1);
      const changed = new Promise<unknown>((resolve) => loggers[11]?.on('level', resolve));
      process.kill(process.pid, 'SIGUSR2');
      await changed;
      expect(loggers.map(({ level }) => level)).toEqual(new Array(12).fill('debug'));
      await Promise.all(loggers.map((one) => one.close()));
      expect(process.listenerCount('SIGUSR2')).toBe(before);
    },
  );

  it('writes on where listeners of its events throw', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'logger-'));
    later(() => rmSync(folder, { recursive: true }));
    const told = vi.spyOn(console, 'error').mockImplementation(() => {});
    later(() => told.mockRestore());
    const { logger: log } = logger({
      stream: undefined,
      files: { folder, combined: 'app-%DATE%.log', maxBytes: 1_024, gzip: false },
    });
    for (const event of ['rotate', 'level'] as const) log.on(event, fail);
    log.level = 'trace';
    const files = () => readdirSync(folder).filter((name) => name.startsWith('app-'));
    let count = 0;
    // However long the next file takes to be opened.
    for (; files().length < 4; count++) {
      log.info('line', { count });
      log.flush();
      await new Promise(setImmediate);
    }
    await log.close();
    const written = files();
    const lines = written.flatMap((name) => readFileSync(path.join(folder, name), 'utf8').trim().split('\n'));
    expect(lines.filter((line) => line.includes('"message":"line"'))).toHaveLength(count);
    expect(told.mock.calls.map(String)).toEqual([
      expect.stringContaining('A listener of the event "level" of a logger has failed. Error: no'),
    ]);
  });

  it('refuses options that it does not know, and files that it cannot open', () => {
    expect(() => createLogger({ levle: 'info' } as never)).toThrow(
      expect.objectContaining({ code: 'OBSERVABILITY_OPTION_INVALID' }),
    );
    expect(() => createLogger({ files: { combined: '../x.log' } })).toThrow(/"files".*"combined"/);
    const { logger: log } = logger();
    for (const given of [undefined, {}, { allow: true }, { allow: () => true, also: 1 }])
      expect(() => levelEndpoint(log, given as never)).toThrow(expect.objectContaining({ code: 'OBSERVABILITY_OPTION_INVALID' }));
    expect(() => levelEndpoint(console as never, { allow: () => true })).toThrow(/logger/);
    const refused = expect.objectContaining({ code: 'OBSERVABILITY_FILE_REFUSED' });
    expect(() => createLogger({ console: false, files: { folder: import.meta.filename } })).toThrow(refused);
  });

  // Node 20 never comes back from making a folder there.
  it.runIf(process.platform === 'linux')('refuses a folder where none can be made', () => {
    const refused = expect.objectContaining({ code: 'OBSERVABILITY_FILE_REFUSED', message: expect.stringContaining('/proc/') });
    for (const combined of ['combined.log', 'app-%DATE%.log'])
      expect(() => createLogger({ console: false, files: { folder: '/proc/logs/app', combined } })).toThrow(refused);
  });
});
