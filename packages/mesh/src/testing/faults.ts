import { show } from '@express-micro/core';
import { meshError } from '../errors.ts';
import { between } from './seeded-random.ts';

/** One process on the network of a test. */
export interface Endpoint {
  /** `payment-service#1`: the service, and which of its instances, counted from 1. */
  readonly name: string;
  readonly service: string;
}

/** Whom a fault concerns: all instances of a service by its name, or one: `'payment-service#2'`, or what `service()` gave. */
export type FaultTarget = string | Endpoint;

/** How often a fault strikes. */
export interface FaultRate {
  /** Part of the requests, from 0 to 1; which ones, the seed decides. @default 1 */
  readonly rate?: number | undefined;
  /** So many requests, and no more. @default no limit */
  readonly times?: number | undefined;
}

export interface FailOptions extends FaultRate {
  /** @default 500 */
  readonly status?: number | undefined;
  /** Sent as JSON. @default { error: 'injected by the test' } */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

export interface LoseOptions extends FaultRate {
  /** `request`: nothing has run. `answer`: it has run, and nobody hears of it. @default 'request' */
  readonly what?: 'request' | 'answer' | undefined;
}

/** The answer that a request gets without its app. */
export interface InjectedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What becomes of one request. */
export interface Plan {
  readonly isRefused: boolean;
  readonly answer: InjectedAnswer | undefined;
  readonly loses: 'request' | 'answer' | undefined;
  /** By so much the answer is late. */
  readonly delayMs: number;
}

export const NO_FAULT: Plan = Object.freeze({ isRefused: false, answer: undefined, loses: undefined, delayMs: 0 });

type Effect =
  | { readonly kind: 'down' | 'paused' }
  | { readonly kind: 'slow'; readonly minMs: number; readonly maxMs: number }
  | { readonly kind: 'fail'; readonly answer: InjectedAnswer }
  | { readonly kind: 'lose'; readonly what: 'request' | 'answer' }
  | { readonly kind: 'cut'; readonly from: string };

interface Rule {
  readonly target: string;
  readonly effect: Effect;
  readonly rate: number;
  left: number;
}

const ALWAYS = { rate: 1, times: Number.POSITIVE_INFINITY };

/** The faults that hold at present, and what they make of a request. Pure but for chance, which is drawn in their order. */
export class FaultTable {
  private rules: Rule[] = [];
  private readonly random: () => number;

  constructor(random: () => number) {
    this.random = random;
  }

  /** A fault of the same kind on the same target takes the place of the former. */
  add(target: string, effect: Effect, { rate, times }: { rate: number; times: number } = ALWAYS): void {
    const isSame = (rule: Rule): boolean =>
      rule.target === target &&
      rule.effect.kind === effect.kind &&
      (effect.kind !== 'cut' || effect.from === (rule.effect as { from: string }).from);
    this.rules = [...this.rules.filter((rule) => !isSame(rule)), { target, effect, rate, left: times }];
  }

  /** @param target `undefined`: all of them */
  heal(target: string | undefined): void {
    const isOf = ({ target: to, effect }: Rule): boolean => to === target || (effect.kind === 'cut' && effect.from === target);
    // An instance that was named is healed with its service too, and the other way round would leave a fault that nobody sees.
    const isPart = (rule: Rule): boolean => target !== undefined && rule.target.startsWith(`${target}#`);
    this.rules = target === undefined ? [] : this.rules.filter((rule) => !isOf(rule) && !isPart(rule));
  }

  /** Whether nothing gets from one to the other just now: it waits, and is not lost. */
  isHeld(from: Endpoint, to: Endpoint): boolean {
    return this.rules.some(({ target, effect }) => {
      if (effect.kind === 'paused') return concerns(target, from) || concerns(target, to);
      return effect.kind === 'cut' && concerns(effect.from, from) && concerns(target, to);
    });
  }

  /** Decides once about each request. */
  plan(to: Endpoint): Plan {
    let plan = NO_FAULT;
    for (const rule of this.rules) {
      if (!concerns(rule.target, to) || !this.strikes(rule)) continue;
      const { effect } = rule;
      if (effect.kind === 'down') plan = { ...plan, isRefused: true };
      else if (effect.kind === 'fail') plan = { ...plan, answer: effect.answer };
      else if (effect.kind === 'lose') plan = { ...plan, loses: effect.what };
      else if (effect.kind === 'slow')
        plan = { ...plan, delayMs: plan.delayMs + between(this.random, effect.minMs, effect.maxMs) };
    }
    return plan;
  }

  private strikes(rule: Rule): boolean {
    if (rule.left <= 0) return false;
    if (rule.rate < 1 && this.random() >= rule.rate) return false;
    rule.left -= 1;
    return true;
  }
}

function concerns(target: string, { name, service }: Endpoint): boolean {
  return target === name || target === service;
}

/** @throws MESH_OPTION_INVALID */
export function readRate(
  owner: string,
  { rate = 1, times = Number.POSITIVE_INFINITY }: FaultRate,
): { rate: number; times: number } {
  if (typeof rate !== 'number' || !(rate >= 0 && rate <= 1)) throw bad(owner, 'rate', rate, 'a number from 0 to 1');
  const isCount = times === Number.POSITIVE_INFINITY || (Number.isInteger(times) && times >= 0);
  if (!isCount) throw bad(owner, 'times', times, 'a whole number, 0 or more');
  return { rate, times };
}

/** @throws MESH_OPTION_INVALID */
export function readDelay(delayMs: unknown): { minMs: number; maxMs: number } {
  const [minMs, maxMs] = Array.isArray(delayMs) && delayMs.length === 2 ? delayMs : [delayMs, delayMs];
  const isRange =
    typeof minMs === 'number' && typeof maxMs === 'number' && minMs >= 0 && maxMs >= minMs && Number.isFinite(maxMs);
  if (!isRange) throw bad('slow()', 'delayMs', delayMs, 'milliseconds, or [from, to]');
  return { minMs, maxMs };
}

/** @throws MESH_OPTION_INVALID */
export function readAnswer({
  status = 500,
  body = { error: 'injected by the test' },
  headers = {},
}: FailOptions): InjectedAnswer {
  const isStatus = Number.isInteger(status) && status >= 400 && status <= 599;
  if (!isStatus) throw bad('fail()', 'status', status, 'a status from 400 to 599');
  return { status, headers: { 'content-type': 'application/json', ...lowerCase(headers) }, body: JSON.stringify(body) };
}

function lowerCase(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]));
}

export function bad(owner: string, option: string, got: unknown, takes: string): Error {
  return meshError('MESH_OPTION_INVALID', `Option "${option}" of ${owner} got ${show(got)}; it takes ${takes}.`, {
    details: { option },
  });
}
