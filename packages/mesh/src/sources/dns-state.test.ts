import { describe, expect, it } from 'vitest';
import type { Member } from '../membership/member.ts';
import {
  createDnsState,
  type DnsState,
  isWorthAsking,
  type Place,
  takeAddresses,
  takeFailure,
  takeMember,
  takeNews,
  views,
} from './dns-state.ts';

const DAY_MS = 86_400_000;
const url = (index: number): string => `http://10.0.0.${index}:3000`;

function member(letter: string, more: Partial<Member> = {}): Member {
  const id = letter.repeat(32);
  return { id, service: letter, url: url(99), incarnation: 1, status: 'ALIVE', routesHash: 'h', isSigning: false, ...more };
}

function open() {
  const state = createDnsState([]);
  const place = (index: number) => state.places.get(url(index)) as Place;
  const news = (nowMs = 0) =>
    takeNews(state, nowMs, 10).changed.map(({ id, status, isDoubtful }) => `${id[0]} ${status}${isDoubtful ? ' doubtful' : ''}`);
  return { state, place, news };
}

const statuses = (state: DnsState) => [...views(state).values()].map(({ status }) => status);

describe('who is where DNS says', () => {
  it('is whoever answers there, at the address that DNS gave', () => {
    const { state, news } = open();
    takeAddresses(state, [url(1)]);
    expect(news()).toEqual([]);
    takeMember(state, url(1), member('a'), 0);
    expect(news()).toEqual(['a UP']);
    expect([...views(state).values()][0]?.url).toBe(url(1));
  });

  it('is down when he refuses, or is silent three times in a row', () => {
    const { state, place, news } = open();
    takeAddresses(state, [url(1), url(2)]);
    takeMember(state, url(1), member('a'), 0);
    takeMember(state, url(2), member('b'), 0);
    news();
    takeFailure(place(1), 'refused');
    takeFailure(place(2), 'silent');
    expect(news()).toEqual(['a DOWN', 'b UP doubtful']);
    takeFailure(place(2), 'silent');
    takeFailure(place(2), 'silent');
    expect(news()).toEqual(['b DOWN']);
    takeMember(state, url(2), member('b'), 1);
    expect(news()).toEqual(['b UP']);
  });

  it('is kept as long as he answers when DNS names him no more, and called when nobody else is there', () => {
    const { state, place, news } = open();
    takeAddresses(state, [url(1)]);
    takeMember(state, url(1), member('a'), 0);
    news();
    takeAddresses(state, []);
    expect(news()).toEqual(['a UP doubtful']);
    expect(isWorthAsking(place(1))).toBe(true);
    takeFailure(place(1), 'refused');
    expect(news()).toEqual(['a DOWN']);
    expect(isWorthAsking(place(1))).toBe(false);
  });

  it('is somebody new when another id answers, and the old one is retired', () => {
    const { state, news } = open();
    takeAddresses(state, [url(1)]);
    takeMember(state, url(1), member('a'), 0);
    news();
    takeMember(state, url(1), member('b'), 1);
    expect(news()).toEqual(['b UP', 'a LEFT']);
  });

  it('has left when he says so, and no answer from before brings him back', () => {
    const { state, news } = open();
    takeAddresses(state, [url(1)]);
    takeMember(state, url(1), member('a'), 0);
    news();
    takeMember(state, url(1), member('a', { status: 'LEFT', incarnation: 2 }), 1);
    takeMember(state, url(1), member('a'), 2);
    expect(news()).toEqual(['a LEFT']);
    expect(statuses(state)).toEqual([]);
  });

  it('is one member at two addresses, as long as one of them answers', () => {
    const { state, place, news } = open();
    takeAddresses(state, [url(1), url(2)]);
    takeMember(state, url(1), member('a'), 0);
    takeMember(state, url(2), member('a'), 0);
    expect(news()).toEqual(['a UP']);
    takeFailure(place(1), 'refused');
    expect(news()).toEqual(['a UP']);
    expect([...views(state).values()][0]?.url).toBe(url(2));
    takeFailure(place(2), 'refused');
    expect(news()).toEqual(['a DOWN']);
  });

  it('is never this process, and it is not asked again at an address that is our own', () => {
    const { state, place } = open();
    takeAddresses(state, [url(1)]);
    takeFailure(place(1), 'self');
    expect(isWorthAsking(place(1))).toBe(false);
    expect(statuses(state)).toEqual([]);
  });

  it('is shown for a day when he is gone, and then forgotten', () => {
    const { state, place } = open();
    takeAddresses(state, [url(1)]);
    takeMember(state, url(1), member('a'), 0);
    takeFailure(place(1), 'refused');
    takeAddresses(state, []);
    takeNews(state, 0, 10);
    expect(takeNews(state, DAY_MS - 1, 10).forgotten).toEqual([]);
    expect(takeNews(state, DAY_MS, 10).forgotten).toEqual([member('a').id]);
    expect(state.places.size + state.told.size).toBe(0);
  });

  it('leaves nothing behind where nobody ever answered', () => {
    const { state, news } = open();
    takeAddresses(state, [url(1)]);
    takeAddresses(state, []);
    news();
    expect(state.places.size).toBe(0);
  });
});
