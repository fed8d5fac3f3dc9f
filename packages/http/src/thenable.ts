/** Also of another library, or of another realm, as under Jest: `instanceof Promise` does not see those, and takes them for an answer. */
export function isThenable<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof (value as Partial<PromiseLike<T>> | null | undefined)?.then === 'function';
}
