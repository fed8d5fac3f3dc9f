import { OptionProblem } from '@express-micro/core';

/** What a promise, `JSON.stringify` or a console asks any object for; nothing may be called so. */
const TAKEN = new Set(['then', 'toJSON', 'inspect', ...Object.getOwnPropertyNames(Object.prototype)]);

/** @throws OptionProblem */
export function checkName(name: unknown): asserts name is string {
  if (typeof name !== 'string' || !/^[A-Za-z_$][\w$]{0,99}$/.test(name) || TAKEN.has(name)) throw new OptionProblem();
}
