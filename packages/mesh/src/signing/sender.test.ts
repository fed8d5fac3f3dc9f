import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatSender, parseSender } from './sender.ts';

const ID = '0123456789abcdef0123456789abcdef';

describe('the sender', () => {
  it.each(['orders', '@acme/orders', 'order_service.v2'])('%s is read back', (service) => {
    expect(parseSender(formatSender(service, ID))).toEqual({ service, instance: ID });
  });

  it.each([
    '',
    '/',
    `/${ID}`,
    'orders',
    'orders/',
    `orders/${ID} `,
    ` orders/${ID}`,
    `orders/${ID.toUpperCase()}`,
    `orders/${ID}0`,
    `orders/${ID.slice(1)}`,
    `a/b/${ID}`,
    `orders/x/${ID}`,
    `or ders/${ID}`,
    `orders/${ID}, orders/${ID}`,
    `__proto__/${ID}`,
    `constructor/${ID}`,
    `orders\n/${ID}`,
    `%6frders/${ID}`,
    `${'x'.repeat(215)}/${ID}`,
  ])('is refused in any other form: %j', (field) => {
    expect(parseSender(field)).toBeUndefined();
  });

  it('has one spelling, and reading it never throws', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string().map((text) => `${text}/${ID}`),
        ),
        (field) => {
          const sender = parseSender(field);
          return sender === undefined || formatSender(sender.service, sender.instance) === field;
        },
      ),
    );
  });
});
