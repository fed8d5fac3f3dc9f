const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const;
const DAY = '(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)';
const LONG_DAY = '(?:Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday)';
const MONTH = `(?<month>${MONTHS.join('|')})`;
const TIME = '(?<hour>\\d\\d):(?<minute>\\d\\d):(?<second>\\d\\d)';
/** The one that is written, and the two that must still be read. */
const FORMS: readonly RegExp[] = [
  new RegExp(`^${DAY}, (?<day>\\d\\d) ${MONTH} (?<year>\\d{4}) ${TIME} GMT$`),
  new RegExp(`^${LONG_DAY}, (?<day>\\d\\d)-${MONTH}-(?<year>\\d\\d) ${TIME} GMT$`),
  new RegExp(`^${DAY} ${MONTH} (?<day>[ \\d]\\d) ${TIME} (?<year>\\d{4})$`),
];
const MAX_LENGTH = 40;
const LEAP_SECOND = 60;

/**
 * A date of HTTP in seconds since the epoch (RFC 9110, section 5.6.7); `undefined` for what is none. `Date.parse` takes nearly anything for a
 * date (`5` is May 2001), and the third form for local time.
 *
 * @param nowMs by which a year of two digits is understood
 */
export function parseHttpDate(text: string, nowMs: number): number | undefined {
  if (text.length > MAX_LENGTH) return undefined;
  const groups = FORMS.map((form) => form.exec(text)?.groups).find((found) => found !== undefined);
  if (groups === undefined) return undefined;
  const { day, month, year, hour, minute, second } = groups as Record<
    'day' | 'month' | 'year' | 'hour' | 'minute' | 'second',
    string
  >;
  const seconds = Number(second);
  const inMonth = MONTHS.indexOf(month as (typeof MONTHS)[number]);
  const inYear = year.length === 2 ? fullYear(Number(year), new Date(nowMs).getUTCFullYear()) : Number(year);
  const date = new Date(0);
  date.setUTCFullYear(inYear, inMonth, Number(day));
  date.setUTCHours(Number(hour), Number(minute), Math.min(seconds, LEAP_SECOND - 1));
  const isThere =
    date.getUTCDate() === Number(day) &&
    date.getUTCHours() === Number(hour) &&
    date.getUTCMinutes() === Number(minute) &&
    seconds <= LEAP_SECOND;
  return isThere ? date.getTime() / 1_000 : undefined;
}

/** What would be more than fifty years ahead was in the century before. */
function fullYear(twoDigits: number, thisYear: number): number {
  const year = thisYear - (thisYear % 100) + twoDigits;
  return year > thisYear + 50 ? year - 100 : year;
}
