const SEPARATORS = /[^\p{L}\p{N}\p{M}]+/u;
const IN_CAPITALS = /^[^\p{L}\p{N}]*\p{Lu}[^\p{Ll}]*$/u;
/** Capitals at the start, up to the one that begins the next word: `HTTP` of `HTTPServer`, `O` of `Order`. */
const LEADING_CAPITALS = /^\p{Lu}+(?=\p{Lu}\p{Ll})|^\p{Lu}+/u;

/**
 * One spelling for all: `order-service`, `order_service`, `Order Service` and `orderService` give `orderService`,
 * `@acme/order-service` gives `acmeOrderService`. Digits stay. What it gives it leaves alone when it is given it again.
 */
export function camelCase(text: string): string {
  const [first, ...others] = words(text);
  return first === undefined
    ? ''
    : first.replace(LEADING_CAPITALS, (capitals) => capitals.toLowerCase()) + others.map(capitalised).join('');
}

/** `order` → `Order`. */
export function capitalised(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

function words(text: string): string[] {
  // Without one small letter the capitals say nothing: `ORDER_SERVICE` is `order service`.
  const plain = IN_CAPITALS.test(text) ? text.toLowerCase() : text;
  return plain.split(SEPARATORS).filter((word) => word !== '');
}
