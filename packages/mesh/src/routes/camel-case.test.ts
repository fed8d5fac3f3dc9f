import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { camelCase } from './camel-case.ts';

describe('camel case', () => {
  it.each([
    ['order-service', 'orderService'],
    ['order_service', 'orderService'],
    ['orderService', 'orderService'],
    ['OrderService', 'orderService'],
    ['Order Service', 'orderService'],
    ['ORDER_SERVICE', 'orderService'],
    ['@acme/order-service', 'acmeOrderService'],
    ['order--service-', 'orderService'],
    ['order.service', 'orderService'],
    ['HTTPServer', 'httpServer'],
    ['API', 'api'],
    ['a-b-c', 'aBC'],
    ['s3-uploads', 's3Uploads'],
    ['2fa', '2fa'],
    ['v2', 'v2'],
    ['żółty-dom', 'żółtyDom'],
    ['', ''],
    ['---', ''],
  ])('%j is %j', (text, expected) => {
    expect(camelCase(text)).toBe(expected);
  });

  it('leaves alone what it gave', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...'abZYXż09-_ /@.É') }),
        (text) => camelCase(camelCase(text)) === camelCase(text),
      ),
    );
  });
});
