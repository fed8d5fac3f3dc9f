import { type Log, printable } from '@express-micro/core';
import type { SourceEvent } from './source.ts';

/** Whether the engine answers. Losing it and having it back are said once each, however often it is tried between. */
export interface EngineStatus {
  /** Tries in a row that failed. */
  readonly failures: number;
  /** Answers whether it had failed before, or never been asked. */
  succeeded(): boolean;
  failed(error: unknown, membersKnown: number): void;
  /** What is missing as long as it does not answer. */
  missing(): string | undefined;
}

export function createEngineStatus(name: string, log: Log, onEngine: (event: SourceEvent) => void): EngineStatus {
  let status: SourceEvent['status'] | undefined;
  let failures = 0;
  let reason = '';

  return {
    get failures() {
      return failures;
    },

    succeeded() {
      const wasConnected = status === 'connected';
      failures = 0;
      if (wasConnected) return false;
      if (status === 'lost') log.info(`${name} answers again`);
      status = 'connected';
      onEngine({ source: name, status });
      return true;
    },

    failed(error, membersKnown) {
      failures += 1;
      reason = reasonOf(error);
      if (status === 'lost') return;
      const what = status === undefined ? `${name} cannot be reached` : `${name} is lost`;
      const known = membersKnown === 0 ? 'nobody is known yet' : `members known, who stay and are called: ${membersKnown}`;
      log.warn(`${what} (${reason}): ${known}; it is tried again until it answers`);
      status = 'lost';
      onEngine({ source: name, status, reason });
    },

    missing() {
      if (status === 'connected') return undefined;
      return status === undefined ? `${name} has not answered yet` : `${name} does not answer (${reason})`;
    },
  };
}

/** Of several addresses that all refused, Node gives the code alone. */
function reasonOf(error: unknown): string {
  const { message, code, name } = (error ?? {}) as { message?: unknown; code?: unknown; name?: unknown };
  return printable(String(message || code || name || error));
}
