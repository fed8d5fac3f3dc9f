import { type Clock, systemClock, systemRandom } from '@express-micro/core';
import { describe, expect, it } from 'vitest';
import { type KeyRing, parseKeys } from '../secret/key-ring.ts';
import { ringAt, rotateKeys, startRotation } from '../secret/rotation.ts';
import { type Credentials, createCredentials } from './credentials.ts';

const A = 'a'.repeat(32);
const B = 'b'.repeat(32);
const OLD = 'default:the-old-secret-of-the-fleet';
const NEW = 'new:the-new-secret-of-the-fleet';

let nowMs = 1_700_000_000_000;
const clock: Clock = { ...systemClock, epochMs: () => nowMs };

function credentials(instance: string, service: string, ring: () => KeyRing): Credentials {
  return createCredentials({ instance, service, ring, clock, random: systemRandom });
}

const line = { method: 'POST', authority: '10.0.0.2:3000', path: '/_discovery/ping', query: '?' };

/** Sends a discovery message and says whether it was believed. */
function send(from: Credentials, to: Credentials, target: string): boolean {
  const headers = from.sign(line, 'discovery', '{}', target);
  return to.verify({ ...line, purpose: 'discovery', headers, hasBody: true }).ok;
}

describe('credentials in the midst of a rotation', () => {
  it('whoever has signed with a key that we know is answered and called with that key', () => {
    const both = parseKeys(`${OLD},${NEW}`);
    const fresh = parseKeys(NEW);
    const older = credentials(A, 'older', () => both);
    const newcomer = credentials(B, 'newcomer', () => fresh);
    expect(send(older, newcomer, B)).toBe(false);
    expect(send(newcomer, older, A)).toBe(true);
    expect(send(older, newcomer, B)).toBe(true);
    expect(newcomer.verifyCallerToken(older.callerToken(B), newcomer.nowSeconds())).toEqual({ service: 'older', instance: A });
  });

  it('a key that was taken away is not used any more, whoever knew it', () => {
    let ring = parseKeys(`${NEW},${OLD}`);
    const us = credentials(A, 'us', () => ring);
    const other = credentials(B, 'other', () => parseKeys(OLD));
    expect(send(other, us, A)).toBe(true);
    expect(us.sign(line, 'discovery', undefined, B)['signature-input']).toContain('keyid="default"');
    ring = parseKeys(NEW);
    expect(us.sign(line, 'discovery', undefined, B)['signature-input']).toContain('keyid="new"');
  });

  it('two who have both taken the new key do not keep the old one alive between them', () => {
    const rotation = rotateKeys(startRotation(parseKeys(OLD)), parseKeys(NEW), 0);
    let atMs = 0;
    const ring = () => ringAt(rotation, atMs);
    const us = credentials(A, 'us', ring);
    const other = credentials(B, 'other', () => parseKeys(OLD));
    atMs = 31_000;
    expect(send(other, us, A)).toBe(true);
    expect(us.sign(line, 'discovery', undefined, B)['signature-input']).toContain('keyid="new"');
  });

  it('a key seen on a call does not count: discovery tells who knows what', () => {
    const both = parseKeys(`${OLD},${NEW}`);
    const us = credentials(A, 'us', () => both);
    const other = credentials(B, 'other', () => parseKeys(NEW));
    const headers = other.sign(line, 'call', '{}', A);
    expect(us.verify({ ...line, purpose: 'call', headers, hasBody: true }).ok).toBe(true);
    expect(us.sign(line, 'discovery', undefined, B)['signature-input']).toContain('keyid="default"');
  });
});

describe('a caller token', () => {
  it('is kept for half its life, and made anew after a rotation and after the clock was set back', () => {
    let ring = parseKeys(OLD);
    const us = credentials(A, 'us', () => ring);
    const first = us.callerToken(B);
    nowMs += 29_000;
    expect(us.callerToken(B)).toBe(first);
    nowMs += 2_000;
    const second = us.callerToken(B);
    expect(second).not.toBe(first);
    ring = parseKeys(NEW);
    const third = us.callerToken(B);
    expect(third).not.toBe(second);
    nowMs -= 3_600_000;
    expect(us.callerToken(B)).not.toBe(third);
  });
});
