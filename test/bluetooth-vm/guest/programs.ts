import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

export interface Said {
  readonly status: number | null;
  readonly text: string;
}

/** Runs a program to its end; what it said on both streams. */
export async function said(program: string, ...args: readonly string[]): Promise<Said> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, text };
}

/** The same, of a program that is to succeed. */
export async function done(program: string, ...args: readonly string[]): Promise<string> {
  const { status, text } = await said(program, ...args);
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${String(status)}: ${text}`);
  return text;
}

/** Ends it as the kernel does, and waits for that. */
export async function kill(child: ChildProcess, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill(signal);
  await exited;
}

/** A program that is talked to: its output as lines without colours and prompts, waited for by pattern. */
export class Conversation implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #prompt: RegExp;
  #rest = '';
  #lines: string[] = [];
  #heard: () => void = () => undefined;
  readonly #listen: (line: string) => void;
  /** Rejects when the program has ended. */
  readonly ended: Promise<never>;

  /** `listen` gets every line as it comes, beside whoever expects one. */
  constructor(
    program: string,
    args: readonly string[],
    prompt: RegExp,
    listen: (line: string) => void = () => undefined,
  ) {
    this.#prompt = prompt;
    this.#listen = listen;
    this.#child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.on('data', (chunk: Buffer) => this.#take(chunk.toString()));
    this.#child.once('close', () => this.#take('\nended\n'));
    this.ended = once(this.#child, 'close').then(() => {
      throw new Error(`${program} has ended`);
    });
    // Only for whoever waits.
    this.ended.catch(() => undefined);
  }

  #take(text: string): void {
    // eslint-disable-next-line no-control-regex -- readline's marks and colours are control characters
    this.#rest += text.replace(/\u001b\[[0-9;]*[A-Za-z]|[\u0001\u0002]/g, '').replaceAll('\r', '\n');
    const lines = this.#rest.split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines.map((each) => each.replace(this.#prompt, '').trim())) {
      if (line === '') continue;
      this.#lines.push(line);
      this.#listen(line);
    }
    this.#heard();
  }

  say(command: string): void {
    this.#child.stdin?.write(`${command}\n`);
  }

  /** The first line from now on, or not yet taken, that matches; rejects where one comes that matches `wrong`, or at its end. */
  async expect(right: RegExp, wrong = /^ended$/): Promise<RegExpExecArray> {
    for (;;) {
      for (let line = this.#lines.shift(); line !== undefined; line = this.#lines.shift()) {
        const found = right.exec(line);
        if (found !== null) return found;
        if (wrong.test(line) || line === 'ended')
          throw new Error(`expected ${String(right)}, heard: ${line}`);
      }
      await new Promise<void>((resolve) => (this.#heard = resolve));
    }
  }

  /** Says it, and waits for its answer. What was heard before is forgotten. */
  async ask(command: string, right: RegExp, wrong?: RegExp): Promise<RegExpExecArray> {
    this.#lines = [];
    this.say(command);
    return this.expect(right, wrong);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await kill(this.#child);
  }
}
