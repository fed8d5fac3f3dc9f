import { EventEmitter, once } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { type Context, currentContext, keepContext, runInContext } from '@express-micro/core';
import { context, createContextKey, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aroundSpan } from '../tracing/around-span.ts';
import { SharedContextManager } from './shared-contexts.ts';

const REQUEST: Context = {
  requestId: 'r-1',
  traceparent: undefined,
  tracestate: undefined,
  caller: undefined,
  lifetime: undefined,
};
const OTHER = { ...REQUEST, requestId: 'r-2' };
const KEY = createContextKey('a test');
const spanOf = (spanId: string) => trace.wrapSpanContext({ traceId: 'a'.repeat(32), spanId: spanId.repeat(16), traceFlags: 0 });
const seen = () => [currentContext()?.requestId, trace.getActiveSpan()?.spanContext().spanId[0]];

beforeAll(() => {
  keepContext();
  context.setGlobalContextManager(new SharedContextManager());
});
afterAll(() => context.disable());

describe('contexts of OpenTelemetry beside those of requests', () => {
  it('neither hide nor change each other, in whichever order they are entered', async () => {
    const inner = async () => {
      await turn();
      return seen();
    };
    const around = trace.setSpan(ROOT_CONTEXT, spanOf('1'));
    expect(seen()).toEqual([undefined, undefined]);
    expect(context.active()).toBe(ROOT_CONTEXT);
    expect(await runInContext(REQUEST, () => context.with(around, inner))).toEqual(['r-1', '1']);
    expect(await context.with(around, () => runInContext(REQUEST, inner))).toEqual(['r-1', '1']);
    const deep = () => runInContext(OTHER, () => context.with(trace.setSpan(context.active(), spanOf('2')), inner));
    expect(await runInContext(REQUEST, () => context.with(around, deep))).toEqual(['r-2', '2']);
    expect(seen()).toEqual([undefined, undefined]);
  });

  it('are left by who has entered them, also where he throws', () => {
    const around = trace.setSpan(ROOT_CONTEXT, spanOf('1'));
    const fails = () =>
      context.with(around, () => {
        throw new Error('no');
      });
    runInContext(REQUEST, () => {
      expect(fails).toThrow('no');
      expect(seen()).toEqual(['r-1', undefined]);
    });
  });

  it('give what runs its `this` and its arguments', () => {
    const run = function (this: { n: number }, ...more: number[]) {
      return [this.n, ...more];
    };
    expect(context.with(ROOT_CONTEXT, run, { n: 1 }, 2, 3)).toEqual([1, 2, 3]);
  });

  it('are bound to functions and to emitters', async () => {
    const around = trace.setSpan(ROOT_CONTEXT, spanOf('3'));
    expect(context.bind(around, seen)()).toEqual([undefined, '3']);
    const emitter = context.bind(around, new EventEmitter());
    const heard = new Promise((resolve) => emitter.once('news', () => resolve(seen())));
    emitter.emit('news');
    expect(await heard).toEqual([undefined, '3']);
    const [news] = await Promise.all([once(emitter, 'more'), Promise.resolve().then(() => emitter.emit('more', 7))]);
    expect(news).toEqual([7]);
  });

  it('are entered without a function, and left once', () => {
    runInContext(REQUEST, () => {
      const manager = new SharedContextManager();
      const token = manager.attach(trace.setSpan(ROOT_CONTEXT, spanOf('4')));
      expect(seen()).toEqual(['r-1', '4']);
      token.dispose();
      expect(seen()).toEqual(['r-1', undefined]);
      context.with(trace.setSpan(ROOT_CONTEXT, spanOf('5')), () => {
        token.dispose();
        expect(seen()).toEqual(['r-1', '5']);
      });
    });
  });
});

describe('a context around a span', () => {
  const outside = propagation.setBaggage(
    ROOT_CONTEXT.setValue(KEY, 'kept'),
    propagation.createBaggage({ user: { value: 'ada' } }),
  );
  const around = aroundSpan(spanOf('6'), outside);

  it('has the span, and all else of what is outside', () => {
    expect(trace.getSpan(around)?.spanContext().spanId[0]).toBe('6');
    expect(trace.getSpan(outside)).toBeUndefined();
    expect(around.getValue(KEY)).toBe('kept');
    expect(propagation.getBaggage(around)?.getEntry('user')?.value).toBe('ada');
  });

  it('is never changed: another value, another span or none of either makes another context', () => {
    const more = around.setValue(KEY, 'new');
    expect([more.getValue(KEY), trace.getSpan(more)]).toEqual(['new', trace.getSpan(around)]);
    const less = around.deleteValue(KEY);
    expect([less.getValue(KEY), trace.getSpan(less)]).toEqual([undefined, trace.getSpan(around)]);
    const other = trace.setSpan(around, spanOf('7'));
    expect([trace.getSpan(other)?.spanContext().spanId[0], other.getValue(KEY)]).toEqual(['7', 'kept']);
    expect(trace.getSpan(trace.deleteSpan(around))).toBeUndefined();
    expect(trace.getSpan(trace.deleteSpan(aroundSpan(spanOf('8'), around)))).toBeUndefined();
    expect([trace.getSpan(around)?.spanContext().spanId[0], around.getValue(KEY)]).toEqual(['6', 'kept']);
  });
});
