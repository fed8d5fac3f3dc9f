import { isInstanceId, isServiceName } from '../identity.ts';

/** Who sent a message, as proven by its signature. */
export interface Sender {
  readonly service: string;
  readonly instance: string;
}

/** `<service>/<instance>`. A scoped package name holds a slash itself; an instance id never does, so the last one divides. */
export function formatSender(service: string, instance: string): string {
  return `${service}/${instance}`;
}

export function parseSender(field: string): Sender | undefined {
  const slash = field.lastIndexOf('/');
  const service = field.slice(0, slash);
  const instance = field.slice(slash + 1);
  return slash > 0 && isInstanceId(instance) && isServiceName(service) ? { service, instance } : undefined;
}
