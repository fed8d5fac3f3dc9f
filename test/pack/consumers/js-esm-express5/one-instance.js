// Both kinds of module give one function and one error class, whichever comes first.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import expressMicro, { isMicroError, MicroError } from 'express-micro';

const required = createRequire(import.meta.url)('express-micro');
assert.equal(required, expressMicro);
assert.equal(required.default, expressMicro);
assert.equal(required.MicroError, MicroError);
assert.equal(isMicroError(new required.MicroError({ code: 'X_Y', kind: 'internal', message: 'made by the other kind' })), true);
