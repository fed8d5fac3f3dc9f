/**
 * Answers what the proof asks over IPC. The channel does not keep the process alive: it ends by itself, as a service does.
 * @param {Record<string, (question: any) => unknown>} answers by the field `what` of a question
 */
export function answerQuestions(answers) {
  /** @param {any} message */
  const answerOne = async ({ question, what, ...rest }) => {
    const answer = await (async () => answers[what](rest))().catch((error) => ({ error: String(error?.stack ?? error) }));
    if (process.connected) process.send({ question, answer });
  };
  process.on('message', (message) => void answerOne(message));
  process.channel?.unref();
}

/** Memory and handles as they are after a collection. */
export function memory() {
  globalThis.gc?.();
  globalThis.gc?.();
  return { heapMb: process.memoryUsage().heapUsed / 1_048_576, handles: process.getActiveResourcesInfo().length };
}
