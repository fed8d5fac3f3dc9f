import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Schema } from '../validation/schema.ts';
import { createComponents } from './components.ts';
import type { JsonSchemaObject, Side } from './document.ts';

const create = () => createComponents((_schema, message) => expect.fail(message));

/** A schema whose library tells just this. */
function telling(json: unknown): Schema {
  const tell = () => json as Record<string, unknown>;
  return {
    '~standard': {
      version: 1,
      vendor: 'x',
      validate: (value: unknown) => ({ value }),
      jsonSchema: { input: tell, output: tell },
    },
  } as Schema;
}

function placed(json: unknown, side: Side = 'output') {
  const components = create();
  return { whole: components.place(telling(json), side, 'Hint').whole(), all: components.all() };
}

describe('schemas with a name', () => {
  it('are one component, however often and in whatever they are used', () => {
    const components = create();
    const Line = z.object({ sku: z.string() }).meta({ id: 'Line' });
    const Order = z.object({ lines: z.array(Line), first: Line }).meta({ id: 'Order' });
    for (const schema of [Order, z.array(Order), z.object({ order: Order.optional() })])
      components.place(schema, 'output', 'X').whole();
    components.place(Order, 'input', 'X').whole();
    expect(Object.keys(components.all())).toEqual(['Line', 'Order']);
  });

  it('have two where what goes in differs from what comes out', () => {
    const components = create();
    const Order = z.object({ count: z.number().default(1) }).meta({ id: 'Order' });
    expect(components.place(Order, 'output', 'X').whole()).toEqual({ $ref: '#/components/schemas/Order' });
    expect(components.place(Order, 'input', 'X').whole()).toEqual({ $ref: '#/components/schemas/OrderInput' });
  });

  it('that are two of one name are numbered', () => {
    const components = create();
    const make = (json: object) => components.place(telling({ title: 'Order', type: 'object', ...json }), 'output', 'X').whole();
    expect([make({}), make({ minProperties: 1 }), make({ minProperties: 2 }), make({ minProperties: 1 })]).toEqual(
      ['Order', 'Order2', 'Order3', 'Order2'].map((name) => ({ $ref: `#/components/schemas/${name}` })),
    );
  });

  it('are two where they are alike, and what they refer to is not', () => {
    const components = create();
    const make = (type: string) => telling({ $ref: '#/$defs/A', $defs: { A: { items: { $ref: '#/$defs/B' } }, B: { type } } });
    expect(components.place(make('string'), 'output', 'X').whole()).toEqual({ $ref: '#/components/schemas/A' });
    expect(components.place(make('number'), 'output', 'X').whole()).toEqual({ $ref: '#/components/schemas/A2' });
    expect(components.all()).toMatchObject({ A2: { items: { $ref: '#/components/schemas/B2' } }, B2: { type: 'number' } });
  });

  it('are written as OpenAPI takes names', () => {
    const { whole, all } = placed({ $ref: '#/$defs/My%20Thing~1ä', $defs: { 'My Thing/ä': { type: 'object' } } });
    expect(whole).toEqual({ $ref: '#/components/schemas/My_Thing_' });
    expect(Object.keys(all)).toEqual(['My_Thing_']);
  });
});

describe('schemas that refer', () => {
  it('to themselves become components', () => {
    const components = create();
    const Tree = z.object({
      value: z.string(),
      get children() {
        return z.array(Tree);
      },
    });
    expect(components.place(Tree, 'output', 'GetTree').whole()).toMatchObject({
      properties: { children: { items: { $ref: '#/components/schemas/GetTree' } } },
    });
    expect(components.all().GetTree).toMatchObject({
      properties: { children: { items: { $ref: '#/components/schemas/GetTree' } } },
    });
  });

  it('to each other, to nothing, to places within and to elsewhere are all followed', () => {
    const { whole, all } = placed({
      $defs: { A: { properties: { b: { $ref: '#/$defs/B' } } }, B: { anyOf: [{ $ref: '#/$defs/A' }, { type: 'null' }] } },
      properties: {
        a: { $ref: '#/$defs/A', description: 'beside' },
        none: { $ref: '#/$defs/None' },
        never: { $ref: '#/properties/no' },
        no: false,
        within: { $ref: '#/properties/a' },
        far: { $ref: 'https://example.com/schema.json' },
      },
    });
    expect((whole as JsonSchemaObject).properties).toEqual({
      a: { $ref: '#/components/schemas/A', description: 'beside' },
      none: {},
      never: { not: {} },
      no: false,
      within: { $ref: '#/components/schemas/Hint' },
      far: { $ref: 'https://example.com/schema.json' },
    });
    expect(all.B).toEqual({ anyOf: [{ $ref: '#/components/schemas/A' }, { type: 'null' }] });
  });

  it('are told from data that only looks like it', () => {
    const data = { $ref: '#/nowhere', title: 'Order', type: 'object' };
    const { whole } = placed({ type: 'object', properties: { $ref: { const: data }, items: { default: data, enum: [data] } } });
    expect(whole).toEqual({ type: 'object', properties: { $ref: { const: data }, items: { default: data, enum: [data] } } });
  });
});

describe('odd schemas', () => {
  it('touch no prototype', () => {
    const json = JSON.parse('{"properties":{"__proto__":{"type":"string"}},"$defs":{"__proto__":{}},"required":["__proto__"]}');
    const { whole } = placed(json);
    expect(JSON.stringify(whole)).toBe('{"properties":{"__proto__":{"type":"string"}},"required":["__proto__"]}');
    expect({}).not.toHaveProperty('type');
  });

  it('lose what would give their references another meaning', () => {
    expect(placed({ $schema: 'x', $id: 'https://example.com', type: 'string' }).whole).toEqual({ type: 'string' });
    expect(placed(true).whole).toBe(true);
  });

  it('give properties only where they are an object', () => {
    const components = create();
    expect(components.place(telling({ type: 'string' }), 'input', 'X').properties()).toBeUndefined();
    expect(components.place(telling({ $ref: '#' }), 'input', 'X').properties()).toBeUndefined();
    expect(components.place(telling({ allOf: [{ type: 'string' }] }), 'input', 'X').properties()).toBeUndefined();
  });
});
