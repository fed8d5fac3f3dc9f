import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';

const folder = fileURLToPath(new URL('../../examples/http/', import.meta.url));
const children: ChildProcess[] = [];

afterEach(async () => {
  for (const child of children.splice(0)) {
    child.kill();
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  }
});

interface Step {
  readonly command: string;
  /** What the README says that it prints; `…` stands for anything. */
  readonly printed: string | undefined;
}

/** The lines of the README that call the service, in their order, each with what stands below it. */
function stepsOfReadme(): Step[] {
  const blocks = [...readFileSync(path.join(folder, 'README.md'), 'utf8').matchAll(/```sh\n(.*?)```/gs)].map(
    ([, text]) => text ?? '',
  );
  const steps: Step[] = [];
  for (const line of blocks.filter((block) => block.includes('curl')).flatMap((block) => block.trim().split('\n'))) {
    const last = steps.at(-1);
    if (line.startsWith('# ') && last !== undefined) steps[steps.length - 1] = { ...last, printed: line.slice(2) };
    else steps.push({ command: line, printed: undefined });
  }
  return steps;
}

function pattern(printed: string): RegExp {
  return new RegExp(
    `^${printed
      .split('…')
      .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
      .join('.*')}$`,
  );
}

async function serve(file: string, env: Readonly<Record<string, string>>): Promise<string> {
  const child = spawn(process.execPath, [path.join(folder, file)], {
    env: { ...process.env, ...env, PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  for await (const text of child.stdout) {
    const found = /http:\/\/([\d.:]+)/.exec(String(text))?.[1];
    if (found !== undefined) return found;
  }
  throw new Error(`${file} ended before it served.`);
}

/** Each command in one shell, as a person would type them; answers what each printed. */
async function type(commands: readonly string[], host: string): Promise<string[]> {
  const script = commands.map((command) => `${command.replaceAll('localhost:3000', host)}\nprintf '\\n--next--\\n'`).join('\n');
  const { stdout } = await promisify(execFile)('bash', ['-c', script], { timeout: 50_000 });
  return stdout.split('\n--next--\n').map((text) => text.trim());
}

describe('examples/http: the README', () => {
  it.each([
    ['Express 5', 'express.js', {}],
    ['Express 4', 'express.js', { EXPRESS: 'express4' }],
    ['Fastify', 'fastify.js', {}],
  ])('tells the truth on %s', async (_name, file, env) => {
    const steps = stepsOfReadme();
    const told = steps.filter(({ printed }) => printed !== undefined);
    expect(told).toHaveLength(12);
    const host = await serve(file, { JWT_SECRET: 'a-secret-of-the-tests-that-nobody-else-has', ...env });
    const printed = await type(
      steps.map(({ command }) => command),
      host,
    );
    for (const [index, step] of steps.entries()) {
      if (step.printed !== undefined) expect(printed[index], step.command).toMatch(pattern(step.printed));
    }
  });
});
