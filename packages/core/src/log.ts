/** Where a package says what a person should know. Any logger with these three methods serves: console, pino, winston. */
export interface Log {
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

/** Writes to standard error, so that a program's own output stays clean. One message is one line, whatever it holds. */
export const consoleLog: Log = Object.freeze({
  info: (message: string) => write('', message),
  warn: (message: string) => write('warning: ', message),
  error: (message: string) => write('error: ', message),
});

function write(level: string, message: string): void {
  console.error(`[express-micro] ${level}${message.replace(/\p{Cc}/gu, ' ')}`);
}

export const silentLog: Log = Object.freeze({ info: () => {}, warn: () => {}, error: () => {} });
