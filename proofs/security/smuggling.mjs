// Requests whose end two readers may see in two places: a second one hidden in the first must never be served.
import { connect } from 'node:net';

const HIDDEN = 'GET /items/smuggled HTTP/1.1\r\nHost: x\r\n\r\n';
const post = (/** @type {string} */ headers, /** @type {string} */ body) =>
  `POST /echo HTTP/1.1\r\nHost: x\r\n${headers}\r\n\r\n${body}`;
const chunked = `0\r\n\r\n${HIDDEN}`;

/** @type {readonly (readonly [name: string, bytes: string])[]} */
export const CASES = [
  ['both lengths, one by chunks', post(`Content-Length: ${chunked.length}\r\nTransfer-Encoding: chunked`, chunked)],
  ['the same the other way round', post(`Transfer-Encoding: chunked\r\nContent-Length: 4`, `1\r\nx\r\n${chunked}`)],
  ['two lengths', post(`Content-Length: 0\r\nContent-Length: ${HIDDEN.length}`, HIDDEN)],
  ['a list of lengths', post(`Content-Length: 0, ${HIDDEN.length}`, HIDDEN)],
  ['a length with a sign', post(`Content-Length: +0`, HIDDEN)],
  ['a length with a blank in it', post(`Content-Length: 0 ${HIDDEN.length}`, HIDDEN)],
  ['a length in hexadecimal', post('Content-Length: 0x0', HIDDEN)],
  ['a length below zero', post('Content-Length: -1', HIDDEN)],
  ['two encodings, the last unknown', post('Transfer-Encoding: chunked, identity\r\nContent-Length: 0', chunked)],
  ['an encoding with a tab before it', post('Transfer-Encoding:\tchunked\r\nContent-Length: 0', chunked)],
  ['an encoding with a letter too many', post('Transfer-Encoding: xchunked\r\nContent-Length: 0', chunked)],
  ['a blank before the colon', post(`Content-Length : ${HIDDEN.length}`, HIDDEN)],
  ['a folded header', post(`X-Y: z\r\n Content-Length: ${HIDDEN.length}`, HIDDEN)],
  ['lines that end in a line feed alone', `POST /echo HTTP/1.1\nHost: x\nContent-Length: 0\n\n${HIDDEN}`],
  ['a chunk whose size has more behind it', post('Transfer-Encoding: chunked', `0 ${HIDDEN.length}\r\n\r\n${HIDDEN}`)],
  ['a header with a zero byte', post(`Content-Length: 0\r\nX: \u0000`, HIDDEN)],
];

/** How many answers of what kind came before the server ended the connection, or fell silent. @param {number} port @param {string} bytes @returns {Promise<string[]>} */
export function send(port, bytes) {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes, 'latin1'));
    let answers = '';
    socket.on('data', (chunk) => {
      answers += chunk.toString('latin1');
    });
    socket.setTimeout(300, () => socket.destroy());
    socket.once('error', (error) => (/** @type {any} */ (error).code === 'ECONNRESET' ? undefined : reject(error)));
    socket.once('close', () =>
      resolve([...answers.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => /** @type {string} */ (status))),
    );
  });
}

/**
 * A hidden request may be served only where what hides it was well-formed and said itself that a second one follows: then
 * it is not hidden. So each case is refused with 400, or answered once and what follows is refused.
 * @param {number} port @param {() => Promise<number>} smuggled how often the hidden one was served so far
 */
export async function smuggle(port, smuggled) {
  /** @type {string[]} */
  const served = [];
  for (const [name, bytes] of CASES) {
    const before = await smuggled();
    const statuses = await send(port, bytes);
    if ((await smuggled()) > before) served.push(`${name} (${statuses.join(', ')})`);
    else if (statuses.length === 0) served.push(`${name} (no answer)`);
  }
  return served;
}
