import { describe, expect, it } from 'vitest';
import { freePort, newKey } from './processes.test-support.ts';
import { record, recordedRequest, sendRaw } from './recorder.test-support.ts';
import { request, type Service, startService } from './services.test-support.ts';

const SIGNING = { enableHmac: true };

async function startPair(ledgerSigns: boolean, callerSigns: boolean): Promise<[ledger: Service, caller: Service]> {
  const key = newKey();
  const ledger = await startService('ledger', [], { key, role: 'ledger', options: { enableHmac: ledgerSigns } });
  const caller = await startService('caller', [ledger.url], {
    key,
    kind: 'CommonJS',
    express: 4,
    options: { enableHmac: callerSigns },
  });
  expect(await caller.ready()).toMatchObject({ value: 'ready' });
  expect(await ledger.ready({ services: ['caller'] })).toMatchObject({ value: 'ready' });
  return [ledger, caller];
}

describe('E13: enableHmac', () => {
  it('two processes find each other and call each other; the caller is verified, with and without a body', async () => {
    const [ledger, caller] = await startPair(true, true);
    expect(await caller.call('ledger', 'createEntry', { amount: 12, note: 'Grüße' })).toMatchObject({
      value: { entries: 1, body: { amount: 12, note: 'Grüße' }, caller: { service: 'caller' } },
    });
    expect(await caller.call('ledger', 'getSecrets')).toMatchObject({ value: { caller: { service: 'caller' } } });
    expect(await ledger.call('caller', 'getWhoami')).toMatchObject({ value: { pid: caller.pid } });
    expect((await request(`${ledger.url}/secrets`)).status).toBe(401);
    expect((await request(`${ledger.url}/entries`)).status).toBe(200);
  });

  it('a recorded call that is sent again is 401 and is not executed; so is a recorded message of discovery', async () => {
    const key = newKey();
    const [told, listens] = [await freePort(), await freePort()];
    const wire = await record(told, listens);
    const ledger = await startService('ledger', [], {
      key,
      role: 'ledger',
      port: listens,
      options: { ...SIGNING, port: told, host: '127.0.0.1' },
    });
    const caller = await startService('caller', [`http://127.0.0.1:${told}`], { key, options: SIGNING });
    expect(await caller.ready()).toMatchObject({ value: 'ready' });
    expect(await caller.call('ledger', 'createEntry', { amount: 12 })).toMatchObject({ value: { entries: 1 } });

    const call = recordedRequest(wire.sent(), 'POST /entries HTTP/1.1\r\n');
    expect(call.toString('latin1')).toMatch(/\{"amount":12\}$/);
    expect(call.toString('latin1')).toMatch(/^signature: /im);
    const message = recordedRequest(wire.sent(), 'POST /_discovery/register HTTP/1.1\r\n');
    for (const port of [told, listens]) {
      expect([await sendRaw(port, call), await sendRaw(port, message)]).toEqual([401, 401]);
    }
    // The bearer is never on the wire, and an operator's bearer executes no message.
    expect(wire.sent().includes(key)).toBe(false);
    const ping = { method: 'POST', headers: { authorization: `Bearer ${key}` }, json: {} };
    expect((await request(`${ledger.url.replace(String(told), String(listens))}/_discovery/ping`, ping)).status).toBe(401);
    expect(await caller.call('ledger', 'getEntries')).toMatchObject({ value: { entries: 1 } });
  });

  it('who signs calls who does not: the signature is verified all the same', async () => {
    const [, caller] = await startPair(false, true);
    expect(await caller.call('ledger', 'createEntry', { amount: 1 })).toMatchObject({ value: { caller: { service: 'caller' } } });
    expect(await caller.call('ledger', 'getSecrets')).toMatchObject({ value: { caller: { service: 'caller' } } });
  });

  it('who does not sign by itself signs its calls to who does, and is verified there', async () => {
    const [, caller] = await startPair(true, false);
    expect(await caller.call('ledger', 'createEntry', { amount: 1 })).toMatchObject({ value: { caller: { service: 'caller' } } });
    expect(await caller.call('ledger', 'getSecrets')).toMatchObject({ value: { caller: { service: 'caller' } } });
  });
});
