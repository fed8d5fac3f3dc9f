import { statSync } from 'node:fs';

/** What made us look: the file itself, a signal (or `reload()`), or `rotate()`. */
export type RenewedBy = 'file' | 'signal' | 'code';

/** What came of looking. `refused`: what was found is not used, and what there was stays in force. */
export type Renewed = 'taken' | 'unchanged' | 'refused';

/**
 * Rhythm in which files are looked at. Polling on purpose: `fs.watch` loses a file that an editor replaces by rename, and the
 * double symbolic link that Kubernetes (secrets, cert-manager) swaps under a mounted file; one `stat` a second costs microseconds.
 */
export const FILE_POLL_MS = 1_000;

/** The stamp of a file that is not there, or cannot be reached. */
export const GONE = 'gone';

/** What changes when the file does. Identity too: a file put in its place by rename may carry an old date. Links are followed. */
export function fileStamp(path: string): string {
  try {
    const stat = statSync(path, { bigint: true });
    return [stat.dev, stat.ino, stat.mode, stat.uid, stat.size, stat.mtimeNs, stat.ctimeNs].join(':');
  } catch {
    return GONE;
  }
}
