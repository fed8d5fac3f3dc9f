/**
 * What 200 routes with their schemas may cost the compiler. Instantiations are the same on every machine; seconds are those of one that
 * has something else to do as well.
 */
export const BUDGET = Object.freeze({ routes: 300_000, calls: 450_000, seconds: 10 });
