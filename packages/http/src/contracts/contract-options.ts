import { integerOption, type Option, OptionProblem, resolveOptions } from '@express-micro/core';
import { optionInvalid } from '../errors.ts';
import { VALIDATION_OPTIONS, type ValidationOptions } from '../validation/options.ts';
import type { PartRules } from '../validation/part.ts';
import type { ResponseCheck } from './definition.ts';

export interface ContractOptions extends ValidationOptions {
  /** Of routes that do not say it themselves. @default 'outside-production' */
  readonly checkResponse?: ResponseCheck | undefined;
  /**
   * How large the JSON body of a contract may be, where no parser has read it before: bytes. Raising it lets one request hold more memory; lowering it
   * refuses what clients may need. @default 1048576
   */
  readonly maxBodyBytes?: number | undefined;
}

const CHECKS: readonly unknown[] = ['outside-production', 'always', 'never'];

const checkResponse: Option<ResponseCheck> = {
  takes: `one of ${CHECKS.map((each) => `"${each}"`).join(', ')}`,
  fallback: () => 'outside-production',
  read(value) {
    if (!CHECKS.includes(value)) throw new OptionProblem();
    return value as ResponseCheck;
  },
};

export interface ResolvedContractOptions extends PartRules {
  readonly checkResponse: ResponseCheck;
  readonly maxBodyBytes: number;
}

export function resolveContractOptions(owner: string, options: ContractOptions | undefined): ResolvedContractOptions {
  const maxBodyBytes = integerOption('a number of bytes', { min: 1, max: 1_073_741_824 }, () => 1_048_576);
  return resolveOptions(owner, { ...VALIDATION_OPTIONS, checkResponse, maxBodyBytes }, options, optionInvalid);
}
