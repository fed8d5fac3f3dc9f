import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import { ExportResultCode } from './sdk-core.ts';
import type { SpanExporter } from './sdk-trace.ts';
import type { Batch, SendingNews } from './sending.ts';

/** Batches that are on their way, of 512 spans and 200 kB as a rule; while nobody takes them, those that follow are lost. */
const MAX_SENDING = 16;

/** Who sends: a thread, as a rule. */
export type Sender = (batch: Batch) => void;

export interface SenderEvents {
  readonly onNews: (news: SendingNews) => void;
  /** It has ended, and what it had is lost. */
  readonly onEnd: (error: unknown) => void;
}

/** An exporter that can say why what it holds is still there. */
export interface TellingExporter extends SpanExporter {
  readonly problem?: unknown;
}

/**
 * Sends spans by OTLP over HTTP, from a thread of its own. Two things that OpenTelemetry's exporter does are spared:
 *
 * - Node's own code for HTTP is quick for as long as it sees one kind of message: a process that also asks, and not only answers,
 *   answers each request some microseconds later (docs/decisions/0012).
 * - It keeps the process for as long as it tries, so a program that ends by itself ended ten seconds late where nobody took
 *   its traces. This keeps nothing.
 */
export function createOtlpHttpExporter(
  onUnsent: (error: unknown) => void,
  start: (events: SenderEvents) => Sender = startThread,
): TellingExporter {
  const sending = new Map<number, { readonly sent: Promise<void>; readonly resolve: () => void }>();
  let lastId = 0;
  let sender: Sender | undefined;
  /** Of the last attempt, where that failed. */
  let problem: Error | undefined;
  let lost = 0;

  function begin(): number {
    let resolve = () => {};
    const sent = new Promise<void>((done) => {
      resolve = done;
    });
    lastId += 1;
    sending.set(lastId, { sent, resolve });
    return lastId;
  }

  function end(id: number): void {
    sending.get(id)?.resolve();
    sending.delete(id);
  }

  const events: SenderEvents = {
    onNews({ id, problem: text, answer, isOver }) {
      problem = text === undefined ? undefined : new Error(text);
      if (!isOver) return;
      if (answer !== undefined) tellRefused(answer, onUnsent);
      if (problem !== undefined || lost > 0) {
        const meanwhile = lost === 0 ? '' : `, and ${lost} spans beyond what is held are lost`;
        onUnsent(new Error(`${text ?? 'the receiver was slow'}${meanwhile}`));
        lost = 0;
      }
      end(id);
    },
    onEnd(error) {
      sender = undefined;
      if (sending.size > 0) onUnsent(error);
      for (const id of [...sending.keys()]) end(id);
    },
  };

  const flush = async () => void (await Promise.all([...sending.values()].map(({ sent }) => sent)));

  return {
    get problem() {
      return problem;
    },
    export(spans, done) {
      // Taken over: a processor that waited would keep the process.
      done({ code: ExportResultCode.SUCCESS });
      const body = sending.size < MAX_SENDING ? ProtobufTraceSerializer.serializeRequest(spans) : undefined;
      if (body === undefined) {
        lost += spans.length;
        return;
      }
      const id = begin();
      try {
        sender ??= start(events);
        sender({ id, spans: body });
      } catch (error) {
        onUnsent(error);
        end(id);
      }
    },
    forceFlush: flush,
    shutdown: flush,
  };
}

/** The other entry, as it is built. */
const SENDER = 'trace-sender.cjs';

function startThread({ onNews, onEnd }: SenderEvents): Sender {
  const worker = new Worker(join(__dirname, SENDER), {
    // Not what this process was told to load first: the sender is not traced in turn.
    execArgv: [],
    env: { ...process.env, NODE_OPTIONS: '' },
    name: 'express-micro traces',
    // It prints nothing. Else two streams of this process would flow for it, and those of requests be slower for that.
    stdout: true,
    stderr: true,
  });
  worker.on('message', onNews);
  let failure: unknown;
  worker.once('error', (error) => {
    failure = error;
  });
  worker.once('exit', (code) => onEnd(failure ?? new Error(`the thread that sends traces has ended (${code})`)));
  // Behind the listeners: one for messages keeps the process.
  worker.unref();
  // Handed over and not copied: it was made for this, and nobody reads it here any more.
  return (batch) => worker.postMessage(batch, [batch.spans.buffer as ArrayBuffer]);
}

/** Some of a batch that was taken may not have been. */
function tellRefused(answer: Uint8Array, onUnsent: (error: unknown) => void): void {
  if (answer.length === 0) return;
  let refused = 0;
  let why = '';
  try {
    const { partialSuccess } = ProtobufTraceSerializer.deserializeResponse(answer);
    refused = Number(partialSuccess?.rejectedSpans ?? 0);
    why = partialSuccess?.errorMessage ?? '';
  } catch {
    // An answer of another kind says nothing of spans.
  }
  if (refused > 0) onUnsent(new Error(`the receiver refused ${refused} spans: ${why}`));
}
