import { integerOption, type Option } from '@express-micro/core';

/** How calls that ask for it (`{ hedge: true }`) are sent a second time. `hedging: false` sends none twice. */
export interface HedgingOptions {
  /**
   * Second attempts to a service in ten seconds, in percent of all calls to it; one is always allowed. Raising it cuts more
   * slow answers and loads the service more; lowering it leaves slow answers slow when many are. @default 5
   */
  readonly maxExtraPercent?: number | string | undefined;
  /**
   * A second attempt is made when the first has taken longer than this percentage of a function's recent calls. Raising it
   * hedges fewer and later; lowering it hedges calls that are about to be answered. @default 95
   */
  readonly percentile?: number | string | undefined;
}

export type HedgingTunables = { readonly [K in keyof HedgingOptions]-?: number };

export const HEDGING_OPTIONS: { readonly [K in keyof HedgingTunables]: Option<number> } = {
  maxExtraPercent: integerOption('percent', { min: 1, max: 100 }, () => 5),
  percentile: integerOption('percent', { min: 1, max: 99 }, () => 95),
};
