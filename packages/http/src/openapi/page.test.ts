// @vitest-environment happy-dom
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type {
  Document,
  Element,
  HTMLDetailsElement,
  HTMLElement,
  HTMLFormElement,
  HTMLInputElement,
  Event as WindowEvent,
} from 'happy-dom';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { markSecurity, openApi, route, routes } from '../index.ts';

// The types of browsers are nowhere else in this repository.
declare const document: Document;
declare const Event: typeof WindowEvent;

const FOLDER = join(import.meta.dirname, 'page');
/** Written for browsers, without types. */
const load = (name: string) => import(/* @vite-ignore */ join(FOLDER, name));
const { view } = await load('page.js');
const { requestOf } = await load('trial.js');
const { sampleOf, typeName } = await load('schemas.js');

const EVIL = '<img src=x onerror="globalThis.hurt = true"><script>globalThis.hurt = true</script>';
const Tree = z
  .object({
    name: z.string().describe(EVIL),
    get children() {
      return z.array(Tree);
    },
  })
  .meta({ id: 'Tree' });
const bearer = markSecurity((_req: unknown, _res: unknown, next: () => void) => next(), {
  schemes: { bearer: { type: 'http', scheme: 'bearer' } },
});
const described = openApi({
  info: { title: 'Orders <b>', version: '1', description: EVIL, contact: { url: 'javascript:alert(1)' } },
  tags: [{ name: 'trees' }],
  routes: routes({
    plant: route(
      {
        method: 'POST',
        path: '/trees/:id',
        query: z.object({ tag: z.array(z.string()).optional(), deep: z.boolean().optional() }),
        body: Tree,
        response: Tree,
        tags: ['trees'],
        use: [bearer],
      },
      () => ({ name: '', children: [] }),
    ),
    list: route({ method: 'GET', path: '/trees', summary: 'All of them', deprecated: true }, () => []),
  }),
});
const url = new URL('http://localhost/openapi.json');

beforeEach(() => {
  document.body.replaceChildren(...view(described, url));
});
afterEach(() => vi.unstubAllGlobals());

/** As a person does; what it holds is made then. */
function open(details: Element | null): Element {
  (details as HTMLDetailsElement).open = true;
  details?.dispatchEvent(new Event('toggle'));
  return details as Element;
}

function unfoldAll(within: Element, levels = 8): void {
  if (levels === 0) return;
  for (const details of within.querySelectorAll('details:not([open])')) unfoldAll(open(details), levels - 1);
}

describe('the page', () => {
  it('lists operations by tag, and narrows the list', () => {
    const items = () =>
      [...document.querySelectorAll('nav li')].filter((item) => !(item as HTMLElement).hidden).map((item) => item.textContent);
    expect(items()).toEqual(['trees', 'POST /trees/{id}', 'Others', 'GET /trees']);
    const filter = document.querySelector('nav input') as HTMLInputElement;
    filter.value = 'get ALL';
    filter.dispatchEvent(new Event('input'));
    expect(items()).toEqual(['GET /trees']);
  });

  it('shows an operation when it is opened: what it takes, asks for and answers', () => {
    const text = open(document.getElementById('plant')).textContent;
    for (const word of [
      'Asks for: bearer',
      'id*',
      'tag',
      'string[]',
      'Body application/json',
      'Tree',
      '200',
      '401',
      'default',
      'Try it',
    ]) {
      expect(text).toContain(word);
    }
  });

  it('follows schemas that refer to themselves as far as somebody opens them', () => {
    const operation = open(document.getElementById('plant'));
    unfoldAll(operation);
    expect(operation.textContent?.match(/children/g)?.length).toBeGreaterThan(3);
  });

  it('takes nothing of the document for HTML, and follows no address that runs', () => {
    unfoldAll(document.body);
    expect(document.querySelectorAll('img, script, b, a[href^="javascript"]')).toHaveLength(0);
    expect(document.querySelector('h1')?.textContent).toBe('Orders <b> 1');
    expect(document.body.textContent).toContain(EVIL);
    expect(globalThis).not.toHaveProperty('hurt');
  });

  it('says what went wrong where there is no document', async () => {
    const { start } = await load('page.js');
    document.body.dataset.document = 'openapi.json';
    vi.stubGlobal('fetch', async () => new Response('', { status: 403 }));
    await start();
    expect(document.body.textContent).toBe('The document openapi.json cannot be shown: it was answered with 403.');
  });
});

describe('trying out', () => {
  it('sends what the fields say, with what was typed for the scheme, and shows the answer', async () => {
    const calls: [string, RequestInit][] = [];
    vi.stubGlobal('fetch', async (address: string, init: RequestInit) => {
      calls.push([address, init]);
      return new Response('{"name":"oak"}', { status: 201, statusText: 'Created', headers: { 'x-a': 'b' } });
    });
    const type = (selector: string, value: string, within: Document | Element = document) => {
      const input = within.querySelector(selector) as HTMLInputElement;
      input.value = value;
      input.dispatchEvent(new Event('input'));
    };
    type('.secrets input', 's3cret');
    unfoldAll(open(document.getElementById('plant')), 1);
    const form = document.querySelector('#plant form') as HTMLFormElement;
    const [id, tag] = form.querySelectorAll('input');
    for (const [input, value] of [
      [id, 'a/b'],
      [tag, 'x, y'],
    ] as const) {
      (input as HTMLInputElement).value = value;
      input?.dispatchEvent(new Event('input'));
    }
    type('textarea', '{"name":"oak","children":[]}', form);
    form.dispatchEvent(new Event('submit'));
    const answer = form.querySelector('.answer') as HTMLElement;
    await vi.waitFor(() => expect(answer.textContent).toContain('201 Created'));
    expect(answer.textContent).toContain('x-a: b');
    expect(answer.textContent).toContain('"name": "oak"');
    expect(calls).toEqual([
      [
        'http://localhost/trees/a%2Fb?tag=x&tag=y',
        {
          method: 'POST',
          headers: { accept: 'application/json', authorization: 'Bearer s3cret', 'content-type': 'application/json' },
          body: '{"name":"oak","children":[]}',
        },
      ],
    ]);
  });

  it('leaves out what is empty', () => {
    const operation = described.paths['/trees/{id}']?.post;
    const { url: address, init } = requestOf(
      described,
      'http://localhost/api/',
      '/trees/{id}',
      'post',
      operation,
      new Map([['path id', '$&']]),
    );
    expect(address).toBe('http://localhost/api/trees/%24%26');
    expect(init).not.toHaveProperty('body');
  });
});

describe('a schema in a few words', () => {
  it.each([
    [{ type: ['string', 'null'] }, 'string | null'],
    [{ type: 'array', items: { enum: ['a', 1] } }, '("a" | 1)[]'],
    [{ anyOf: [{ $ref: '#/components/schemas/Tree' }, { const: 7 }] }, 'Tree | 7'],
    [{ type: 'string', format: 'date' }, 'string (date)'],
    [true, 'anything'],
    [{}, 'anything'],
  ])('%j is %j', (schema, words) => expect(typeName(described, schema)).toBe(words));

  it('has a sample that ends, whatever it refers to', () => {
    expect(sampleOf(described, { $ref: '#/components/schemas/Tree' })).toMatchObject({
      name: 'text',
      children: [{ name: 'text' }],
    });
    expect(
      sampleOf(described, {
        allOf: [{ properties: { a: { type: 'integer', minimum: 3 } } }, { properties: { b: { default: false } } }],
      }),
    ).toEqual({ a: 3, b: false });
  });
});

describe('the files of the page', () => {
  it('load nothing from elsewhere, and hold nothing that a strict Content-Security-Policy refuses', () => {
    const files = readdirSync(FOLDER).filter((name) => !name.endsWith('.ts'));
    expect(files.length).toBeGreaterThan(4);
    for (const name of files) {
      const text = readFileSync(join(FOLDER, name), 'utf8');
      expect(text, name).not.toMatch(
        /innerHTML|outerHTML|insertAdjacent|\beval\b|new Function|\.style\b|@import|url\(|import\(|localStorage/,
      );
      for (const [address] of text.matchAll(/https?:\/\/[^\s'"/]+/g)) expect(address).toBe('https://example.com');
    }
  });
});
