/** Who makes a request: a user with a token, a program with an API key, or another service of the mesh. */
export interface Principal {
  readonly kind: 'user' | 'key' | 'service';
  readonly id: string;
  readonly roles: readonly string[];
  readonly permissions: readonly string[];
}
