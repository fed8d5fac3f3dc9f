import { createAddressList, type Option, OptionProblem, show } from '@express-micro/core';

/** How many proxies stand before the app, or which: addresses, ranges, `loopback`, `linklocal`, `uniquelocal`. */
export type TrustProxy = number | readonly string[];

const NAMED = new Set(['loopback', 'linklocal', 'uniquelocal']);
const MOST_HOPS = 10;

export const trustProxyOption: Option<TrustProxy | false> = {
  takes: `false, the number of proxies before this app (1 to ${MOST_HOPS}), or a list of their addresses and ranges, such as ["10.0.0.0/8", "loopback"]`,
  fallback: () => false,
  read: (value) => {
    if (value === false) return false;
    if (value === true) throw new OptionProblem('it trusts whatever a client writes into x-forwarded-for: name the proxies');
    if (typeof value === 'number') {
      if (!Number.isInteger(value) || value < 1 || value > MOST_HOPS) throw new OptionProblem();
      return value;
    }
    const entries = (typeof value === 'string' ? value.split(',').map((entry) => entry.trim()) : value) as unknown;
    if (!Array.isArray(entries) || entries.length === 0) throw new OptionProblem();
    createAddressList(entries.filter((entry) => !NAMED.has(entry as string)));
    const everybody = entries.find((entry) => typeof entry === 'string' && /\/0$/.test(entry));
    if (everybody !== undefined) throw new OptionProblem(`${show(everybody)} is everybody`);
    return Object.freeze(entries) as readonly string[];
  },
};
