import type { ObservedRequest } from '../request/observed-request.ts';

/** What the instances of a mesh say to each other every second, by the name of express-micro for it. */
const MESH = '/_discovery/';
const FAILED = 400;

/** Whether a request is part of what members say to each other. */
export function isOfMesh({ url }: ObservedRequest): boolean {
  return url.startsWith(MESH);
}

/** Requests that say nothing to anybody while they go well. */
export function isRoutine(request: ObservedRequest): boolean {
  return isOfMesh(request) && request.isFinished && request.status < FAILED;
}
