// Both kinds of module give one function, one error class, one state.
const assert = require('node:assert/strict');
const required = require('express-micro');

assert.equal(typeof required, 'function');
assert.equal(required.default, required);
assert.equal(typeof required.MicroError, 'function');

import('express-micro').then((imported) => {
  assert.equal(imported.default, required);
  for (const name of Object.keys(required)) assert.equal(imported[name], required[name], name);
  assert.deepEqual(
    Object.keys(imported)
      .filter((name) => name !== 'module.exports')
      .sort(),
    Object.keys(required).sort(),
  );
});

// The subpaths too, and what they throw is of the same class.
for (const name of ['redis', 'nats', 'etcd', 'postgres', 'dns']) {
  const { [`${name}Source`]: source } = require(`express-micro/sources/${name}`);
  assert.throws(() => source({}), required.MeshError);
  import(`express-micro/sources/${name}`).then((imported) => assert.equal(imported[`${name}Source`], source));
}
