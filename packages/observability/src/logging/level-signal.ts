interface Heard {
  readonly loggers: Set<() => void>;
  readonly hear: () => void;
}

const heard = new Map<NodeJS.Signals, Heard>();

/** One listener of the process for all its loggers: Node warns of the eleventh. Answers how to stop listening. */
export function onLevelSignal(signal: NodeJS.Signals, raise: () => void): () => void {
  const { loggers, hear } = heard.get(signal) ?? listen(signal);
  loggers.add(raise);
  return () => {
    loggers.delete(raise);
    if (loggers.size > 0 || heard.get(signal)?.hear !== hear) return;
    heard.delete(signal);
    process.off(signal, hear);
  };
}

function listen(signal: NodeJS.Signals): Heard {
  const loggers = new Set<() => void>();
  const hear = () => {
    for (const raise of loggers) raise();
  };
  const made: Heard = { loggers, hear };
  heard.set(signal, made);
  process.on(signal, hear);
  return made;
}
