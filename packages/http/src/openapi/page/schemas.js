import { h, prose, unfold } from './dom.js';

/** What a reference within the document points to; what is none is answered as it is. */
export function resolve(document, value) {
  let found = value;
  for (let steps = 0; typeof found?.$ref === 'string' && steps < 32; steps += 1) {
    const { $ref, ...others } = found;
    let target = document;
    for (const key of $ref.replace(/^#\//, '').split('/')) target = target?.[key.replaceAll('~1', '/').replaceAll('~0', '~')];
    found = typeof target === 'object' ? { ...target, ...others } : target;
  }
  return found ?? {};
}

/** A type in a few words: `Order[]`, `"draft" | "paid"`, `integer | null`. */
export function typeName(document, schema) {
  if (schema === true || schema === undefined) return 'anything';
  if (schema === false) return 'nothing';
  if (typeof schema.$ref === 'string') return schema.$ref.split('/').at(-1);
  if ('const' in schema) return JSON.stringify(schema.const);
  if (Array.isArray(schema.enum)) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  const branches = schema.oneOf ?? schema.anyOf;
  if (Array.isArray(branches)) return branches.map((branch) => typeName(document, branch)).join(' | ');
  if (Array.isArray(schema.allOf)) return schema.allOf.map((part) => typeName(document, part)).join(' & ');
  const types = [schema.type ?? (schema.properties ? 'object' : 'anything')].flat();
  return types
    .map((type) => {
      if (type === 'array' && schema.items !== undefined) {
        const item = typeName(document, schema.items);
        return item.includes(' ') ? `(${item})[]` : `${item}[]`;
      }
      return schema.format !== undefined && type === 'string' ? `${type} (${schema.format})` : type;
    })
    .join(' | ');
}

const LIMITS = [
  ['minimum', '≥ '],
  ['exclusiveMinimum', '> '],
  ['maximum', '≤ '],
  ['exclusiveMaximum', '< '],
  ['multipleOf', 'multiple of '],
  ['minLength', 'length ≥ '],
  ['maxLength', 'length ≤ '],
  ['minItems', 'items ≥ '],
  ['maxItems', 'items ≤ '],
  ['pattern', 'matches '],
];

/** What else is asked of it: `≥ 1, default 20`. */
export function limits(schema) {
  if (typeof schema !== 'object' || schema === null) return '';
  const said = LIMITS.filter(([key]) => schema[key] !== undefined && Math.abs(schema[key]) !== Number.MAX_SAFE_INTEGER).map(
    ([key, words]) => `${words}${schema[key]}`,
  );
  if (schema.default !== undefined) said.push(`default ${JSON.stringify(schema.default)}`);
  if (schema.additionalProperties === false) said.push('nothing else');
  return said.join(', ');
}

/** A schema for people, one level at a time. */
export function schemaView(document, given) {
  const schema = resolve(document, given);
  const parts = schema.oneOf ?? schema.anyOf ?? schema.allOf;
  const records = schema.additionalProperties;
  return h(
    'div',
    { class: 'schema' },
    h('div', {}, h('span', { class: 'type' }, typeName(document, given)), ' ', h('span', { class: 'limits' }, limits(schema))),
    prose(schema.description),
    Object.entries(schema.properties ?? {}).map(([name, inner]) =>
      propertyView(document, name, inner, schema.required?.includes(name)),
    ),
    typeof records === 'object' && Object.keys(records).length > 0 && propertyView(document, 'any other key', records, false),
    Array.isArray(parts) && parts.map((part) => unfold(typeName(document, part), () => schemaView(document, part))),
    schema.items !== undefined &&
      hasMore(document, schema.items) &&
      unfold('each item', () => schemaView(document, schema.items)),
  );
}

function propertyView(document, name, given, isRequired) {
  const schema = resolve(document, given);
  const line = [
    h('code', { class: 'name' }, name),
    isRequired && h('span', { class: 'required', title: 'required' }, '*'),
    ' ',
    h('span', { class: 'type' }, typeName(document, given)),
    ' ',
    h('span', { class: 'limits' }, limits(schema)),
    schema.deprecated === true && h('span', { class: 'deprecated' }, ' deprecated'),
  ];
  if (hasMore(document, given))
    return h(
      'div',
      { class: 'property' },
      unfold(h('span', {}, line), () => schemaView(document, given)),
    );
  return h('div', { class: 'property' }, line, prose(schema.description));
}

/** Whether there is something below it to show. */
function hasMore(document, given) {
  const schema = resolve(document, given);
  if (schema.items !== undefined) return hasMore(document, schema.items);
  const parts = schema.oneOf ?? schema.anyOf ?? schema.allOf ?? [];
  return schema.properties !== undefined || parts.some((part) => hasMore(document, part));
}

/** Something that a schema may take, to begin with. */
export function sampleOf(document, given, depth = 0) {
  const schema = resolve(document, given);
  if (schema === true || depth > 6) return null;
  const known = schema.example ?? schema.examples?.[0] ?? schema.default ?? schema.const ?? schema.enum?.[0];
  if (known !== undefined) return known;
  const branch = schema.oneOf?.[0] ?? schema.anyOf?.[0];
  if (branch !== undefined) return sampleOf(document, branch, depth + 1);
  if (Array.isArray(schema.allOf)) return Object.assign({}, ...schema.allOf.map((part) => sampleOf(document, part, depth + 1)));
  const type = [schema.type].flat()[0];
  if (type === 'object' || schema.properties !== undefined) {
    const entries = Object.entries(schema.properties ?? {}).filter(([name]) => depth < 2 || schema.required?.includes(name));
    return Object.fromEntries(entries.map(([name, inner]) => [name, sampleOf(document, inner, depth + 1)]));
  }
  if (type === 'array') return schema.items === undefined ? [] : [sampleOf(document, schema.items, depth + 1)];
  if (type === 'integer' || type === 'number') return Math.max(schema.minimum ?? 0, 0);
  if (type === 'boolean') return false;
  return type === 'string' ? (TEXTS[schema.format] ?? 'text') : null;
}

const TEXTS = {
  'date-time': '2030-01-31T12:00:00Z',
  date: '2030-01-31',
  email: 'someone@example.com',
  uuid: '00000000-0000-4000-8000-000000000000',
  uri: 'https://example.com/',
};
