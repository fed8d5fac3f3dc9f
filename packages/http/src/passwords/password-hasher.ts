/** Whether a password is the one that a hash was made of. What a former system left needs no more than this. */
export interface PasswordVerifier {
  /** Whether it made this text, by its beginning: `$2b$`. */
  recognizes(stored: string): boolean;
  verify(password: string, stored: string): Promise<boolean>;
}

/** Makes hashes that say with what they were made (PHC string format), so that they outlive a change of parameters. */
export interface PasswordHasher extends PasswordVerifier {
  hash(password: string): Promise<string>;
  /** Whether it would make a hash with these parameters today. */
  isCurrent(stored: string): boolean;
}
