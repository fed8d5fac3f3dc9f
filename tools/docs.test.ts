import { expect, test } from 'vitest';
import { check, refreshed } from './docs.mjs';
import { plantTree, said } from './planted-tree.ts';

const EXAMPLE = "import a from 'a';\n\nfunction main() {\n  // #region call\n  a();\n\n  a(2);\n  // #endregion\n}\n";
const bound = (code: string, example = 'examples/a.js#call') =>
  `# Title\n\n<!-- example: ${example} -->\n\`\`\`js\n${code}\n\`\`\`\n\n[there](docs/more.md#some-part-of-it)\n`;
const KEPT = {
  'examples/a.js': EXAMPLE,
  'README.md': bound('a();\n\na(2);'),
  'docs/more.md': '# More\n\n## Some `part` of it\n\n```js\nfree();\n```\n',
};

test('blocks that equal their region and links that lead somewhere pass', () => {
  const verdict = check(plantTree(KEPT));
  expect(verdict.findings).toEqual([]);
  expect(verdict.looked).toBe(2);
});

test('a block without a region is all of its file', () => {
  const tree = plantTree({
    'README.md': bound('one();\ntwo();', 'examples/b.js'),
    'examples/b.js': 'one();\n// #region x\ntwo();\n// #endregion\n',
    'docs/more.md': '# some part of it',
  });
  expect(said(check(tree))).toEqual([]);
});

test.each([
  ['a block that differs from its file', { 'README.md': bound('a();') }, 'differs from examples/a.js#call'],
  ['a region that does not exist', { 'README.md': bound('a();', 'examples/a.js#other') }, 'There is no examples/a.js#other'],
  ['a file that does not exist', { 'README.md': bound('a();', 'examples/none.js') }, 'There is no examples/none.js'],
  ['a block of the README that names no file', { 'README.md': '```js\na();\n```' }, 'names no file'],
  [
    'a bound block in docs that differs',
    { 'docs/more.md': `## Some part of it\n${bound('a();').replace(/\[there.*/, '')}` },
    'differs from',
  ],
  ['a link that leads nowhere', { 'docs/more.md': '## Some part of it\n[gone](./gone.md)' }, 'leads nowhere'],
  [
    'a test whose title has changed',
    { 'docs/more.md': '## Some part of it\n[is refused](../a.test.ts)', 'a.test.ts': "it('is taken', () => {});" },
    'a.test.ts has no test with the title "is refused"',
  ],
  ['an anchor that is not there', { 'docs/more.md': '# Other' }, 'has no heading #some-part-of-it'],
])('%s is found', (_, files, finding) => {
  expect(said(check(plantTree({ ...KEPT, ...files })))).toEqual([expect.stringContaining(finding)]);
});

test('a link to a test with its title passes', () => {
  const files = { 'docs/more.md': '## Some part of it\n[is refused](../a.test.ts)', 'a.test.ts': "it('is refused', () => {});" };
  expect(said(check(plantTree({ ...KEPT, ...files })))).toEqual([]);
});

test('a repository without a README fails', () => {
  expect(said(check(plantTree({ 'docs/more.md': '# More' })))).toEqual(['README.md: is missing.']);
});

test('--write puts the region into the block and leaves the rest', () => {
  const tree = plantTree({ ...KEPT, 'README.md': bound('old();\nolder();\noldest();') });
  expect([...refreshed(tree)]).toEqual([['README.md', KEPT['README.md']]]);
  expect(refreshed(plantTree(KEPT)).size).toBe(0);
});

test('links and headings inside of code are neither', () => {
  const tree = plantTree({ 'README.md': '# A\n\n```sh\n# B\n[x](nowhere.md)\n```\n\n`[y](nowhere.md)` and [z](#a)\n' });
  expect(said(check(tree))).toEqual([]);
});
