import { h, prose, unfold } from './dom.js';
import { limits, resolve, schemaView, typeName } from './schemas.js';
import { trialForm } from './trial.js';

const VERBS = ['get', 'post', 'put', 'patch', 'delete', 'head', 'options', 'trace'];

/** All operations by their first tag, in the order of the document; those without one come last. */
export function operationsByTag(document) {
  const groups = new Map((document.tags ?? []).map((tag) => [tag.name, { tag, operations: [] }]));
  const others = { tag: { name: '' }, operations: [] };
  for (const [path, item] of Object.entries(document.paths ?? {})) {
    for (const verb of VERBS) {
      const operation = item[verb];
      if (operation === undefined) continue;
      const name = operation.tags?.[0];
      if (name !== undefined && !groups.has(name)) groups.set(name, { tag: { name }, operations: [] });
      (groups.get(name) ?? others).operations.push({ path, verb, operation, id: anchorOf(verb, path, operation) });
    }
  }
  return [...groups.values(), others].filter(({ operations }) => operations.length > 0);
}

function anchorOf(verb, path, { operationId }) {
  return operationId ?? `${verb}${path.replace(/[^A-Za-z0-9]+/g, '-')}`;
}

/** One operation: a line, and all about it when it is opened. */
export function operationView(document, base, { path, verb, operation, id }) {
  const line = h(
    'span',
    { class: operation.deprecated === true && 'deprecated' },
    h('span', { class: `verb ${verb}` }, verb.toUpperCase()),
    ' ',
    h('code', {}, path),
    ' ',
    h('span', { class: 'summary' }, operation.summary ?? operation.operationId ?? ''),
  );
  const details = unfold(line, () =>
    [
      prose(operation.description),
      securityView(document, operation),
      parametersView(document, operation),
      bodyView(document, 'Body', operation.requestBody?.content),
      h('h4', {}, 'Answers'),
      Object.entries(operation.responses ?? {}).map(([status, given]) => responseView(document, status, given)),
      unfold('Try it', () => trialForm(document, base, path, verb, operation)),
    ].flat(),
  );
  details.id = id;
  details.classList.add('operation');
  return details;
}

function securityView(document, operation) {
  const asked = operation.security ?? document.security ?? [];
  if (asked.length === 0) return [];
  const ways = asked.map((way) => Object.keys(way).join(' and ') || 'nothing');
  return h('p', {}, 'Asks for: ', ways.join(', or '));
}

function parametersView(document, operation) {
  if ((operation.parameters ?? []).length === 0) return [];
  const rows = operation.parameters.map((given) => {
    const { name, in: place, required, schema, description, deprecated } = resolve(document, given);
    return h(
      'tr',
      { class: deprecated === true && 'deprecated' },
      h(
        'td',
        {},
        h('code', { class: 'name' }, name),
        required === true && h('span', { class: 'required', title: 'required' }, '*'),
      ),
      h('td', {}, place),
      h(
        'td',
        {},
        h('span', { class: 'type' }, typeName(document, schema)),
        ' ',
        h('span', { class: 'limits' }, limits(resolve(document, schema))),
      ),
      h('td', {}, prose(description)),
    );
  });
  return [h('h4', {}, 'Parameters'), h('table', {}, h('tbody', {}, rows))];
}

function bodyView(document, title, content) {
  return Object.entries(content ?? {}).map(([type, { schema }]) => [
    h('h4', {}, `${title} `, h('small', {}, type)),
    schemaView(document, schema ?? true),
  ]);
}

function responseView(document, status, given) {
  const { description, content } = resolve(document, given);
  const line = h(
    'span',
    {},
    h('span', { class: `status s${status.charAt(0)}` }, status),
    ' ',
    String(description ?? '').replaceAll('`', ''),
  );
  // Problem details say the same in other words.
  const main = Object.entries(content ?? {}).filter(([type]) => type !== 'application/problem+json');
  if (main.length === 0) return h('div', { class: 'response' }, line);
  return h(
    'div',
    { class: 'response' },
    unfold(line, () => bodyView(document, '', Object.fromEntries(main)).flat()),
  );
}
