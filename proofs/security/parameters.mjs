// Path parameters that try to reach another route: each call reaches the route it names with the value it gave, or is refused before it is sent.
import { createChance } from './chance.mjs';

const PIECES = [
  '..',
  '.',
  '/',
  '\\',
  '%2e',
  '%2f',
  '%2F',
  '%5c',
  '%00',
  '\u0000',
  '\r\n',
  '?',
  '#',
  ';',
  '&',
  '=',
  ':',
  '*',
  '+',
  ' ',
  '//',
  'secret',
  'items',
  'ä',
  '\ud83d\ude00',
  '\ud800',
  '%',
  '%zz',
  '~',
  '@',
  '1',
  'a',
  "'",
  '"',
  '<',
  '`',
  '\u2028',
  '\uff0e',
  '\u2215',
  '',
];

/**
 * @param {{ getItem: (args: object) => Promise<any>, count: number, seed: number }} options
 */
export async function sendParameters({ getItem, count, seed }) {
  const chance = createChance(seed);
  const result = { arrived: 0, refused: 0, wrong: 0, firstWrong: '' };
  const one = async () => {
    const id = Array.from({ length: 1 + chance.below(5) }, () => chance.oneOf(PIECES)).join('');
    try {
      const answer = await getItem({ id });
      if (answer?.id === id) result.arrived += 1;
      else {
        result.wrong += 1;
        result.firstWrong ||= `${JSON.stringify(id)} gave ${JSON.stringify(answer)}`;
      }
    } catch (error) {
      if (/** @type {any} */ (error).code !== 'MESH_ARGUMENT_INVALID') throw error;
      result.refused += 1;
    }
  };
  for (let at = 0; at < count; at += 50) await Promise.all(Array.from({ length: Math.min(50, count - at) }, one));
  return result;
}
