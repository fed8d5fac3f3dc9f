// npm run proof:logins: how long a login takes that fails, for a user who is there and for one who is not. Time must not tell which.
import { createPasswords, createSessions, createTokens, scrypt } from '@express-micro/http';
import { atLeast, atMost, forComparison, median, report } from '../bench/report.mjs';

const ROUNDS = 400;
const WARM_UP = 20;

// An eighth of the usual work: what is to be seen are differences, and the hashing would hide them.
const passwords = createPasswords({ hasher: scrypt({ logCost: 12 }), log: false });
const ada = { id: '1', passwordHash: await passwords.hash('correct horse battery') };
const users = { findByLogin: (/** @type {string} */ login) => (login === 'ada' ? ada : undefined), findById: () => ada };
const tokens = createTokens({ secret: 'T7q0Zb3xv9Lw2MfYk6Rj8Hn4Pd1Gs5Cu-W_eXoQaBi', log: false });
const sessions = createSessions({ tokens, users, passwords, log: false });
/** As logins often are: nobody there, nothing to compare. */
const careless = async (/** @type {string} */ login) => {
  const user = users.findByLogin(login);
  if (user === undefined || !(await passwords.verify('wrong password', user.passwordHash)))
    throw new Error('Invalid credentials');
};

/** Milliseconds of one login that fails. @param {() => Promise<unknown>} login */
async function time(login) {
  const startedMs = performance.now();
  const failed = await login().then(
    () => false,
    () => true,
  );
  if (!failed) throw new Error('a wrong password was taken');
  return performance.now() - startedMs;
}

/** Both kinds in pairs, in an order that changes, so that what the machine does besides counts for both. */
async function compare(/** @type {(login: string) => Promise<unknown>} */ open, /** @type {number} */ rounds) {
  /** @type {{ there: number[], nobody: number[] }} */
  const taken = { there: [], nobody: [] };
  for (let round = 0; round < rounds; round += 1) {
    const order = round % 2 === 0 ? ['ada', 'nobody'] : ['nobody', 'ada'];
    for (const login of order) taken[login === 'ada' ? 'there' : 'nobody'].push(await time(() => open(login)));
  }
  return taken;
}

/** How often one who guesses "there" for the slower of two logins is right: 0.5 is a coin. @param {{ there: number[], nobody: number[] }} taken */
function guessed({ there, nobody }) {
  let wins = 0;
  for (const one of there) for (const other of nobody) wins += one > other ? 1 : one === other ? 0.5 : 0;
  const share = wins / (there.length * nobody.length);
  return Math.max(share, 1 - share);
}

const open = (/** @type {string} */ login) => sessions.open({ login, password: 'wrong password' });
await compare(open, WARM_UP);
const taken = await compare(open, ROUNDS);
const control = guessed(await compare(careless, 50));
const [there, nobody] = [median(taken.there), median(taken.nobody)];

report('Proof: logins', 'npm run proof:logins', [
  forComparison('a login that fails, of a user who is there', there, 'ms', `median of ${ROUNDS}`),
  forComparison('of one who is not', nobody, 'ms', `median of ${ROUNDS}, in turns with the others`),
  atMost('the medians differ by', (Math.abs(there - nobody) / there) * 100, 2, '%'),
  // With 400 of each, chance alone stays below 0.57 in 999 of 1,000 runs.
  atMost('who guesses by time is right', guessed(taken) * 100, 57, '%', '50 % is a coin'),
  atLeast('the same guess at a login without this', control * 100, 99, '%', 'that the measurement can see it'),
]);
