import { describe, expect, it, vi } from 'vitest';
import { offerPart, partOf, watchPart } from './parts.ts';

const shutdown = { register: () => () => {} };

describe('the parts of an app', () => {
  it('find each other in either order', () => {
    const app = {};
    const heard: unknown[] = [];
    watchPart(app, 'shutdown', (part) => void heard.push(['before', part]));
    offerPart(app, 'shutdown', shutdown);
    watchPart(app, 'shutdown', (part) => void heard.push(['after', part]));
    expect(heard).toEqual([
      ['before', shutdown],
      ['after', shutdown],
    ]);
    expect(partOf(app, 'shutdown')).toBe(shutdown);
    expect(partOf({}, 'shutdown')).toBeUndefined();
  });

  it('are undone when they go, or another takes their place', () => {
    const app = {};
    const undo = vi.fn();
    const stop = watchPart(app, 'shutdown', () => undo);
    const withdraw = offerPart(app, 'shutdown', shutdown);
    const other = { register: () => () => {} };
    offerPart(app, 'shutdown', other);
    expect(undo).toHaveBeenCalledTimes(1);
    withdraw();
    expect(partOf(app, 'shutdown')).toBe(other);
    stop();
    stop();
    expect(undo).toHaveBeenCalledTimes(2);
  });

  it('meet across two copies of this package', async () => {
    vi.resetModules();
    const copy = await import('./parts.ts');
    expect(copy.offerPart).not.toBe(offerPart);
    const app = {};
    offerPart(app, 'shutdown', shutdown);
    expect(copy.partOf(app, 'shutdown')).toBe(shutdown);
  });

  it('are those of one app: an app made from another has its own', () => {
    const app = {};
    offerPart(app, 'shutdown', shutdown);
    expect(partOf(Object.create(app), 'shutdown')).toBeUndefined();
  });
});
