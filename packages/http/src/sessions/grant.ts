/** What a login, or a refresh, gives. */
export interface Grant {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly tokenType: 'Bearer';
  /** Seconds that the access token counts, as OAuth has it. */
  readonly expiresIn: number;
  readonly user: object;
}

export interface Credentials {
  readonly login: string;
  readonly password: string;
}
