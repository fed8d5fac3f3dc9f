import { h, prose, webAddress } from './dom.js';
import { operationsByTag, operationView } from './operations.js';
import { secretFields } from './trial.js';

/** Shows the document that the page names. */
export async function start() {
  const { body } = document;
  const address = body.dataset.document;
  try {
    const response = await fetch(address, { headers: { accept: 'application/json' } });
    if (!response.ok) throw new Error(`it was answered with ${response.status}`);
    const described = await response.json();
    const url = new URL(address, document.baseURI);
    body.replaceChildren(...view(described, url));
    document.title = described.info.title;
    openTarget();
  } catch (error) {
    body.replaceChildren(h('p', { class: 'failed' }, `The document ${address} cannot be shown: ${error.message}.`));
  }
}

/** @param url of the document: the addresses of servers are relative to it */
export function view(described, url) {
  const base = new URL(described.servers?.[0]?.url ?? '/', url).href;
  const groups = operationsByTag(described);
  const list = h('ul', {});
  const sections = groups.map(({ tag, operations }) => {
    const title = tag.name || (groups.length > 1 ? 'Others' : 'Operations');
    list.append(h('li', { class: 'tag' }, title));
    for (const each of operations) list.append(linkTo(each));
    return h(
      'section',
      {},
      h('h2', {}, title),
      prose(tag.description),
      operations.map((each) => operationView(described, base, each)),
    );
  });
  const filter = h('input', {
    type: 'search',
    placeholder: 'Filter',
    'aria-label': 'Filter operations',
    oninput: (event) => narrow(list, event.target.value),
  });
  return [h('nav', {}, filter, list), h('main', {}, heading(described, base, url), secretFields(described), sections)];
}

function heading({ info, openapi }, base, url) {
  const contact = webAddress(info.contact?.url) ?? (info.contact?.email && webAddress(`mailto:${info.contact.email}`));
  const license = webAddress(info.license?.url);
  return h(
    'header',
    {},
    h('h1', {}, info.title, ' ', h('small', {}, info.version)),
    prose(info.summary),
    prose(info.description),
    h(
      'p',
      { class: 'links' },
      h('code', {}, base),
      ' · ',
      h('a', { href: url.href }, `OpenAPI ${openapi}`),
      contact && [' · ', h('a', { href: contact }, info.contact.name ?? 'Contact')],
      info.license && [' · ', license ? h('a', { href: license }, info.license.name) : info.license.name],
    ),
  );
}

function linkTo({ id, verb, path, operation }) {
  const link = h(
    'a',
    { href: `#${encodeURIComponent(id)}`, class: operation.deprecated === true && 'deprecated', onclick: () => open(id) },
    h('span', { class: `verb ${verb}` }, verb.toUpperCase()),
    ' ',
    path,
  );
  return h(
    'li',
    { 'data-text': `${verb} ${path} ${operation.operationId ?? ''} ${operation.summary ?? ''}`.toLowerCase() },
    link,
  );
}

function narrow(list, text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  for (const item of list.children) {
    const own = item.dataset.text;
    item.hidden = words.length > 0 && (own === undefined || !words.every((word) => own.includes(word)));
  }
}

function open(id) {
  const details = document.getElementById(id);
  if (details !== null) details.open = true;
}

function openTarget() {
  const id = decodeURIComponent(location.hash.slice(1));
  if (id === '') return;
  open(id);
  document.getElementById(id)?.scrollIntoView();
}

if (document.body.dataset.document !== undefined) void start();
