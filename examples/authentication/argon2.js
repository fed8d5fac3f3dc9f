// #region argon2
import { argon2id, createPasswords } from '@express-micro/http';
import * as argon2 from '@node-rs/argon2';

const passwords = createPasswords({
  hasher: argon2id(argon2),
  former: [{ recognizes: (stored) => stored.startsWith('$2'), verify: (password, stored) => bcryptCompare(password, stored) }],
});
// #endregion

/** Stands for `compare` of bcrypt. */
async function bcryptCompare(password, stored) {
  return stored === `$2b$${password}`;
}

const stored = await passwords.hash('correct horse');
console.log(stored.slice(0, 9), await passwords.verify('correct horse', stored), passwords.needsRehash('$2b$correct horse'));
console.log(await passwords.verify('correct horse', '$2b$correct horse'), await passwords.verify('wrong', '$2b$correct horse'));
