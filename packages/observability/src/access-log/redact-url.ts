import { REDACTED, type Secrets } from '../logging/secrets.ts';

/** A URL without the secrets in it: values of telling names in the query, passwords before the host, cards, tokens. */
export function redactUrl(url: string, { isSecretName, mask }: Secrets): string {
  const mark = url.indexOf('?');
  if (mark < 0) return mask(url);
  const pairs = url.slice(mark + 1).split('&');
  let changed = false;
  for (let i = 0; i < pairs.length; i++) {
    const pair = pairs[i] as string;
    const equals = pair.indexOf('=');
    if (equals < 0 || equals === pair.length - 1 || !isSecretName(nameOf(pair.slice(0, equals)))) continue;
    pairs[i] = `${pair.slice(0, equals)}=${REDACTED}`;
    changed = true;
  }
  return mask(changed ? `${url.slice(0, mark)}?${pairs.join('&')}` : url);
}

/** `user%5Bpassword%5D` and `user[password]` are the same to whoever reads it. */
function nameOf(name: string): string {
  if (!name.includes('%') && !name.includes('+')) return name;
  try {
    return decodeURIComponent(name.replaceAll('+', ' '));
  } catch {
    return name;
  }
}
