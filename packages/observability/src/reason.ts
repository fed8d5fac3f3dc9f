/** What is wrong, in words, whatever was thrown. Never throws: where it is asked, nobody stands behind who would catch that. */
export function reasonOf(error: unknown): string {
  try {
    return error instanceof Error && typeof error.message === 'string' ? error.message : String(error);
  } catch {
    return 'what was thrown cannot be read';
  }
}
