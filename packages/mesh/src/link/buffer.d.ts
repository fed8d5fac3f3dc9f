/** What `toString` and `write` of a Buffer call inside, without asking for the encoding first; in every version of Node. */
interface Buffer<TArrayBuffer extends ArrayBufferLike = ArrayBufferLike> {
  latin1Slice(start?: number, end?: number): string;
  utf8Slice(start?: number, end?: number): string;
  latin1Write(text: string, at: number): number;
  utf8Write(text: string, at: number): number;
}
