/** Typed where it is used, in `undici.ts`; the package has no types for its parts. */
declare module 'undici/lib/dispatcher/pool.js' {
  const Pool: unknown;
  export default Pool;
}
