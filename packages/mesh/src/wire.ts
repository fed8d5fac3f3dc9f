/** On a refusal of a call by the mesh itself, before anything of the app ran: the caller may ask another instance. */
export const NOT_EXECUTED = 'express-micro-not-executed';
/** Milliseconds that are left for the call when it is sent: a duration, because two machines have two clocks. */
export const DEADLINE = 'express-micro-deadline';
/** On a request that came over a link, or within this process: who calls, as it was proven when that began. */
export const LINK_CALLER: unique symbol = Symbol('express-micro link caller');
/** On the same: when it came, on the monotonic clock, where that is known better than by the turn of the event loop. */
export const CAME_AT_MS: unique symbol = Symbol('express-micro came at');
/** On the same: who is told when the response is closed. A listener on each response would cost more than the answer. */
export const WHEN_CLOSED: unique symbol = Symbol('express-micro when closed');
