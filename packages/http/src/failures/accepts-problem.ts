const MAX_ACCEPT = 1_000;

/**
 * Whether a client that sends this `accept` asks for `application/problem+json`: it names it, and likes plain JSON no
 * better. (RFC 9110, section 12.5.1)
 */
export function acceptsProblem(accept: string | undefined): boolean {
  if (accept === undefined || accept.length > MAX_ACCEPT || !/problem\+json/i.test(accept)) return false;
  const ranges = accept.split(',').map(readRange);
  const problem = ranges.find(({ type }) => type === 'application/problem+json');
  if (problem === undefined || problem.quality === 0) return false;
  const json = ranges.find(({ type }) => type === 'application/json');
  return json === undefined || problem.quality >= json.quality;
}

function readRange(range: string): { type: string; quality: number } {
  const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
  const given = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
  const quality = given === undefined ? 1 : Number(given);
  return { type, quality: quality >= 0 && quality <= 1 ? quality : 0 };
}
