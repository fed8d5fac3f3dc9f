/** The part that `inflection.ts` uses; the package brings no types. */
declare module 'pluralize' {
  interface Pluralize {
    (word: string): string;
    singular(word: string): string;
    plural(word: string): string;
  }
  const pluralize: Pluralize;
  export default pluralize;
}
