import { integerOption, OptionProblem, show } from '@express-micro/core';
import { httpError } from '../errors.ts';

const port = integerOption('a port', { min: 0, max: 65_535 }, () => 3_000);

/**
 * Where to listen: `app.listen(portOf())`. `PORT`, else 3000.
 *
 * @throws HTTP_OPTION_INVALID where `PORT` is none
 */
export function portOf(environment: Readonly<Record<string, string | undefined>> = process.env): number {
  const given = environment.PORT;
  if (given === undefined || given.trim() === '') return port.fallback();
  try {
    return port.read(given);
  } catch (problem) {
    if (!(problem instanceof OptionProblem)) throw problem;
    throw httpError('HTTP_OPTION_INVALID', `PORT is ${show(given)}; it takes ${port.takes}.`, { details: { option: 'PORT' } });
  }
}
