import { parseMessage, parseReply } from '../membership/message-codec.ts';
import type { PeerMessage, PeerReply } from '../membership/messages.ts';
import type { Answer, Question } from '../membership/participant.ts';
import { between } from './seeded-random.ts';
import type { SimProcess } from './sim-process.ts';
import type { VirtualTime } from './virtual-time.ts';
import type { WireSize } from './wire-size.ts';

/** What goes wrong on every way, until it is changed. */
export interface Weather {
  /** Part of the messages that are lost, questions and answers alike. */
  loss: number;
  /** Part of the questions that arrive twice. */
  duplication: number;
  /** How long a message takes, from … to; a wide range reorders them. */
  delayMs: [min: number, max: number];
}

export const FAIR_WEATHER: Weather = Object.freeze({ loss: 0, duplication: 0, delayMs: [1, 5] as [number, number] });

/** A connection that was used within this time is open, and its end is noticed. */
const CONNECTION_IDLE_MS = 4_000;

/** Members that a message may name; the same as over HTTP. */
const MAX_MEMBERS = 4_096;

export interface Traffic {
  messages: number;
  /** Of whole messages where sizes are measured, else of their bodies. */
  bytes: number;
}

/**
 * A network between simulated processes: questions and answers, each of which may be lost, late, double or out of order.
 * Bodies pass through the real codec, so that what is counted and understood is what the wire has.
 */
export class SimNetwork {
  weather: Weather = { ...FAIR_WEATHER };
  readonly traffic: Traffic = { messages: 0, bytes: 0 };
  /** Whether bodies are written and read as on the wire; without it a large fleet is simulated in half the time. */
  isEncoding = true;
  /** Tells how long a whole message is; without it bodies are counted, which costs nothing. */
  wireSize: WireSize | undefined;
  /** Whether nothing gets from one to the other. One-way, unless it says the same both ways. */
  isCut: (from: SimProcess, to: SimProcess) => boolean = () => false;
  private readonly time: VirtualTime;
  private readonly random: () => number;
  private readonly at = new Map<string, SimProcess>();

  constructor(time: VirtualTime, random: () => number) {
    this.time = time;
    this.random = random;
  }

  /** Who has this address from now on. */
  bind(process: SimProcess): void {
    this.at.set(process.url, process);
  }

  send(from: SimProcess, question: Question, done: (answer: Answer) => void): void {
    let isDone = false;
    from.openQuestions += 1;
    const finish = (answer: Answer): void => {
      if (isDone) return;
      isDone = true;
      from.openQuestions -= 1;
      timer.stop();
      done(answer);
    };
    const timer = from.clock.after(question.timeoutMs, () => finish({ outcome: 'silent' }));
    const body = this.write(question.message, (size) => size.question(question));
    const to = this.at.get(question.url);
    const back = (answer: Answer) => from.turn(() => finish(answer));
    const arrive = () => (to === undefined ? back({ outcome: 'refused' }) : this.arrive(from, to, question, body, back));
    this.carry(from, to, arrive);
    if (this.random() < this.weather.duplication) this.carry(from, to, arrive);
  }

  /** A process ended: whoever has a connection to it sees that end, if his host is told. */
  hangUp(gone: SimProcess, others: readonly SimProcess[]): void {
    for (const other of others) {
      const spokenAtMs = Math.max(gone.spokenAtMs.get(other) ?? 0, other.spokenAtMs.get(gone) ?? 0);
      if (!other.isUp || spokenAtMs === 0 || this.time.nowMs - spokenAtMs > CONNECTION_IDLE_MS) continue;
      this.carry(gone, other, () => other.turn(() => other.participant.apply({ type: 'doubted', id: gone.id })));
    }
  }

  private arrive(from: SimProcess, to: SimProcess, question: Question, body: unknown, back: (answer: Answer) => void): void {
    const current = this.at.get(to.url);
    if (current === undefined || current.condition === 'vanished') return;
    const answer = (value: Answer) => this.carry(current, from, () => back(value));
    if (!current.isUp) answer({ outcome: 'refused' });
    else if (current === from) answer({ outcome: 'self' });
    else current.turn(() => this.take(from, current, question, body, answer));
  }

  private take(from: SimProcess, to: SimProcess, question: Question, body: unknown, answer: (value: Answer) => void): void {
    from.spokenAtMs.set(to, this.time.nowMs);
    // Meant for somebody else, who was here before: an answer of this one would prove nothing.
    if (question.target !== undefined && question.target !== to.id) {
      answer({ outcome: 'silent' });
      return;
    }
    to.participant.receive(question.kind, from.id, this.read(body, from.id), (reply) => {
      answer({
        outcome: 'answered',
        instance: to.id,
        reply: this.readReply(
          this.write(reply, (size) => size.answer(reply)),
          to.id,
        ),
      });
    });
  }

  /** One way of one message. */
  private carry(from: SimProcess, to: SimProcess | undefined, arrive: () => void): void {
    const { loss, delayMs } = this.weather;
    const isLost = this.random() < loss || (to !== undefined && this.isCut(from, to));
    const takesMs = between(this.random, delayMs[0], delayMs[1]);
    if (!isLost) this.time.after(takesMs, arrive);
  }

  private write(message: PeerMessage | PeerReply, measure: (size: WireSize) => number): unknown {
    this.traffic.messages += 1;
    if (!this.isEncoding) return message;
    const text = JSON.stringify(message);
    this.traffic.bytes += this.wireSize === undefined ? Buffer.byteLength(text) : measure(this.wireSize);
    return text;
  }

  private read(body: unknown, sender: string): PeerMessage {
    if (typeof body !== 'string') return body as PeerMessage;
    const message = parseMessage(JSON.parse(body), sender, MAX_MEMBERS);
    if (typeof message === 'string') throw new Error(`a message that nobody understands: ${message}`);
    return message;
  }

  private readReply(body: unknown, sender: string): PeerReply {
    return typeof body === 'string' ? parseReply(JSON.parse(body), sender, MAX_MEMBERS) : (body as PeerReply);
  }
}
