// Both kinds of module give one function and one error class, whichever comes first.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import expressMicro, { isMicroError, MicroError } from 'express-micro';

const required = createRequire(import.meta.url)('express-micro');
assert.equal(required, expressMicro);
assert.equal(required.default, expressMicro);
assert.equal(required.MicroError, MicroError);
assert.equal(isMicroError(new required.MicroError({ code: 'X_Y', kind: 'internal', message: 'made by the other kind' })), true);

// The subpaths too, and what they throw is of the same class.
for (const name of ['redis', 'nats', 'etcd', 'postgres', 'dns']) {
  const { [`${name}Source`]: source } = await import(`express-micro/sources/${name}`);
  assert.equal(createRequire(import.meta.url)(`express-micro/sources/${name}`)[`${name}Source`], source);
  assert.throws(() => source({}), required.MeshError);
}
