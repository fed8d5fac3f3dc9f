import { expect, test } from 'vitest';
import { check } from './error-catalogue.mjs';
import { plantTree, said } from './planted-tree.ts';

const KEPT = {
  'packages/mesh/src/errors.ts':
    "export type Code = 'MESH_CLOSED' | 'MESH_LOST'; export const MESH_ERRORS = Object.freeze({ MESH_CLOSED: 'internal', MESH_LOST: 'internal' });",
  'packages/mesh/src/a.ts': "throw meshError('MESH_CLOSED', ''); throw meshError('MESH_LOST', '');",
  'packages/mesh/src/a.test.ts': "expect(code).toBe('MESH_CLOSED'); expect(code).toBe('MESH_LOST');",
  'docs/errors.md': '# Errors\n\n## `MESH_CLOSED`\n\n| code | |\n|---|---|\n| `MESH_LOST` | after MESH_CLOSED |\n',
};

test('a catalogue that code, tests and document agree on passes', () => {
  const verdict = check(plantTree(KEPT));
  expect(verdict.findings).toEqual([]);
  expect(verdict.looked).toBe(2);
});

test.each([
  ['thrown nowhere', 'packages/mesh/src/a.ts', "throw meshError('MESH_CLOSED', '');", 'MESH_LOST is thrown nowhere'],
  [
    'a type only',
    'packages/mesh/src/a.ts',
    "type A = 'MESH_LOST'; throw meshError('MESH_CLOSED', '');",
    'MESH_LOST is thrown nowhere',
  ],
  ['in no test', 'packages/mesh/src/a.test.ts', "'MESH_CLOSED'", 'MESH_LOST is named in no test'],
  ['only mentioned in the document', 'docs/errors.md', '## MESH_CLOSED\n\nSee MESH_LOST.', 'does not explain MESH_LOST'],
  ['gone but still explained', 'docs/errors.md', '## MESH_CLOSED\n## MESH_LOST\n## MESH_GONE\n', 'speaks of MESH_GONE'],
  ['gone but still mentioned', 'docs/errors.md', '## MESH_CLOSED\n## MESH_LOST\nOnce MESH_GONE.\n', 'speaks of MESH_GONE'],
  ['of no package', 'docs/errors.md', '## MESH_CLOSED\n## MESH_LOST\n## DATA_GONE\n', 'speaks of DATA_GONE'],
])('a code that is %s is found', (_, file, text, finding) => {
  expect(said(check(plantTree({ ...KEPT, [file]: text })))).toEqual([expect.stringContaining(finding)]);
});

test('a missing document is found, and a tree without a catalogue counts as not looked at', () => {
  const { 'docs/errors.md': _, ...without } = KEPT;
  expect(said(check(plantTree(without)))).toEqual([expect.stringContaining('is missing')]);
  expect(check(plantTree({ 'docs/errors.md': '# Errors' })).looked).toBe(0);
});
