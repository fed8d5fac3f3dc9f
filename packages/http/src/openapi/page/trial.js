import { h } from './dom.js';
import { resolve, sampleOf } from './schemas.js';

/** What was typed for each security scheme. In the memory of this page and nowhere else. */
const secrets = new Map();

/** A field for each way to say who one is that this page can send. */
export function secretFields(document) {
  const schemes = Object.entries(document.components?.securitySchemes ?? {}).filter(
    ([, scheme]) => headerOf(scheme) !== undefined,
  );
  if (schemes.length === 0) return [];
  return h(
    'fieldset',
    { class: 'secrets' },
    h('legend', {}, 'Who you are, for trying out'),
    schemes.map(([name, scheme]) =>
      h(
        'label',
        {},
        `${name} `,
        h('input', {
          type: 'password',
          autocomplete: 'off',
          placeholder: scheme.bearerFormat ?? headerOf(scheme),
          oninput: (event) => secrets.set(name, event.target.value.trim()),
        }),
      ),
    ),
  );
}

function headerOf(scheme) {
  if (scheme.type === 'http') return 'authorization';
  return scheme.type === 'apiKey' && scheme.in === 'header' ? scheme.name.toLowerCase() : undefined;
}

function secretHeaders(document, operation) {
  const headers = {};
  const asked = (operation.security ?? document.security ?? []).flatMap((requirement) => Object.keys(requirement));
  for (const name of asked) {
    const scheme = document.components?.securitySchemes?.[name];
    const header = scheme === undefined ? undefined : headerOf(scheme);
    const secret = secrets.get(name);
    if (header === undefined || !secret) continue;
    const word = scheme.type !== 'http' ? '' : `${scheme.scheme.charAt(0).toUpperCase()}${scheme.scheme.slice(1)} `;
    headers[header] = word + secret;
  }
  return headers;
}

/** The address and the request that the fields say. */
export function requestOf(document, base, path, verb, operation, values) {
  const query = new URLSearchParams();
  const headers = { accept: 'application/json', ...secretHeaders(document, operation) };
  let filled = path;
  for (const given of operation.parameters ?? []) {
    const { name, in: place, schema } = resolve(document, given);
    const text = values.get(`${place} ${name}`) ?? '';
    if (place === 'path') filled = filled.replace(`{${name}}`, () => encodeURIComponent(text));
    else if (text === '') continue;
    else if (place === 'header') headers[name] = text;
    else {
      const isList = [resolve(document, schema).type].flat().includes('array');
      for (const one of isList ? text.split(',') : [text]) query.append(name, isList ? one.trim() : one);
    }
  }
  const body = values.get('body');
  if (body !== undefined) headers['content-type'] = 'application/json';
  const search = query.size > 0 ? `?${query}` : '';
  return {
    url: base.replace(/\/$/, '') + filled + search,
    init: { method: verb.toUpperCase(), headers, ...(body !== undefined && { body }) },
  };
}

/** Fields for a request, a button that sends it, and what comes back. */
export function trialForm(document, base, path, verb, operation) {
  const values = new Map();
  const answer = h('pre', { class: 'answer', 'aria-live': 'polite', hidden: true });
  const fields = (operation.parameters ?? []).map((given) => {
    const { name, in: place, required } = resolve(document, given);
    const key = `${place} ${name}`;
    const input = h('input', { required, autocomplete: 'off', oninput: (event) => values.set(key, event.target.value) });
    return h('label', {}, `${name} `, h('small', {}, place), input);
  });
  const schema = operation.requestBody?.content?.['application/json']?.schema;
  if (schema !== undefined) {
    const sample = JSON.stringify(sampleOf(document, schema), null, 2);
    values.set('body', sample);
    const area = h('textarea', {
      rows: Math.min(14, sample.split('\n').length + 1),
      spellcheck: 'false',
      oninput: (event) => values.set('body', event.target.value),
    });
    area.value = sample;
    fields.push(h('label', {}, 'body ', area));
  }
  const send = async (event) => {
    event.preventDefault();
    const { url, init } = requestOf(document, base, path, verb, operation, values);
    answer.hidden = false;
    answer.textContent = `${init.method} ${url} …`;
    answer.textContent = await answerTo(url, init);
  };
  return h('form', { class: 'trial', onsubmit: send }, fields, h('button', { type: 'submit' }, 'Send'), answer);
}

const MAX_SHOWN = 100_000;

async function answerTo(url, init) {
  try {
    const response = await fetch(url, init);
    const text = (await response.text()).slice(0, MAX_SHOWN);
    const headers = [...response.headers].map(([name, value]) => `${name}: ${value}`).join('\n');
    return `${response.status} ${response.statusText}\n${headers}\n\n${indented(text)}`;
  } catch (error) {
    return `Not sent, or not answered: ${error.message}. Does the server allow calls from this page (CORS)?`;
  }
}

function indented(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
