/** Whether this process serves people: nothing of its inside goes out then, and weak settings refuse to start. */
export function isProduction(): boolean {
  return process.env.NODE_ENV === 'production';
}
