const assert = require('node:assert/strict');
const { existsSync, readFileSync } = require('node:fs');
const { dirname, join } = require('node:path');
const { useApp } = require('./use-app.js');

process.on('warning', (warning) => {
  throw warning;
});

async function main() {
  assert.deepEqual(await useApp(), { id: 'ada', roles: ['admin'] });
  // What signs goes out within the package, with its licence, and is not installed beside it.
  const root = dirname(require.resolve('@express-micro/http/package.json'));
  assert.match(
    readFileSync(join(root, 'dist/third-party.txt'), 'utf8'),
    /^jose [\d.]+ \(MIT\)[\s\S]*Permission is hereby granted/,
  );
  assert.equal(existsSync(join(root, '../../jose')), false);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
