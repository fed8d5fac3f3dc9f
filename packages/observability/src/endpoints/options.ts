import { createAddressList, groupOption, integerOption, type Option, OptionProblem, show } from '@express-micro/core';

/** Who may read what is for operators: whoever shows one of these. */
export interface AccessOptions {
  /** Sent as `Authorization: Bearer …`; at least 16 characters. @default none */
  readonly token?: string | undefined;
  /** Services of the mesh that have proven themselves. @default none */
  readonly callers?: readonly string[] | undefined;
  /**
   * Addresses and CIDR ranges of the connection itself. A request that came through a proxy is from nobody's address: what
   * its headers say of that, anybody can write. @default ['127.0.0.0/8', '::1'], where no token and no callers are given
   */
  readonly addresses?: readonly string[] | undefined;
}

const THIS_MACHINE: readonly string[] = Object.freeze(['127.0.0.0/8', '::1']);
const MIN_TOKEN_LENGTH = 16;

interface Guards {
  readonly token: string | undefined;
  readonly callers: readonly string[] | undefined;
  readonly addresses: readonly string[] | undefined;
}

/** `undefined`: everyone may. */
export type ResolvedAccess = Guards | undefined;

const ACCESS_TABLE: { readonly [K in keyof Guards]: Option<Guards[K]> } = {
  token: {
    takes: `a text of at least ${MIN_TOKEN_LENGTH} characters`,
    isSecret: true,
    fallback: () => undefined,
    read: (value) => {
      if (typeof value !== 'string' || value.length < MIN_TOKEN_LENGTH || !/^[\x21-\x7e]+$/.test(value))
        throw new OptionProblem();
      return value;
    },
  },
  callers: {
    takes: 'a list of names of services',
    fallback: () => undefined,
    read: (value) => {
      if (!Array.isArray(value) || value.some((name) => typeof name !== 'string' || name === '')) throw new OptionProblem();
      return Object.freeze([...value]);
    },
  },
  addresses: {
    takes: 'a list of IP addresses and CIDR ranges, such as ["10.0.0.0/8", "::1"]',
    fallback: () => undefined,
    read: (value) => {
      if (!Array.isArray(value)) throw new OptionProblem();
      createAddressList(value);
      return Object.freeze([...value]);
    },
  },
};

const group = groupOption('access', ACCESS_TABLE);

export const accessOption: Option<ResolvedAccess> = {
  isSecret: true,
  takes: `'everyone', or an object of ${Object.keys(ACCESS_TABLE).join(', ')}`,
  fallback: () => withDefault(group.fallback() as Guards),
  read: (value) => {
    if (value === 'everyone') return undefined;
    // What `false` switches off here are the guards: that takes a word that says so.
    if (value === false) throw new OptionProblem();
    return withDefault(group.read(value) as Guards);
  },
};

function withDefault(given: Guards): Guards {
  const { token, callers, addresses } = given;
  const isGiven = token !== undefined || callers !== undefined || addresses !== undefined;
  return Object.freeze({ token, callers, addresses: isGiven ? addresses : THIS_MACHINE });
}

export function pathOption(fallback: string): Option<string> {
  return {
    takes: `a path such as "${fallback}"`,
    fallback: () => fallback,
    read: (value) => {
      if (typeof value !== 'string' || !/^\/[\w.~/-]*$/.test(value)) throw new OptionProblem(show(value));
      return value.length > 1 ? value.replace(/\/+$/, '') : value;
    },
  };
}

export const portOption: Option<number | undefined> = integerOption('a port', { min: 0, max: 65_535 }, () => undefined);

export const hostOption: Option<string | undefined> = {
  takes: 'an address of this machine, such as "127.0.0.1"',
  fallback: () => undefined,
  read: (value) => {
    if (typeof value !== 'string' || value === '') throw new OptionProblem();
    return value;
  },
};
