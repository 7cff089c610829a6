import { spawn, type ChildProcess } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ROOT } from './support-scripts.js';

export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The user that owns nothing. */
const NOBODY = 65534;

/**
 * A working tree with the real set-up, on a machine that has only the programs that a test gives it. They are shell
 * scripts, and each writes its name and arguments into a log before it does anything else.
 */
export class Machine implements Disposable {
  readonly root = mkdtempSync(join(tmpdir(), 'perigee-set-up-'));
  readonly #bin = join(this.root, 'bin');
  readonly #log = join(this.root, 'calls.log');

  constructor() {
    cpSync(join(ROOT, 'scripts'), join(this.root, 'scripts'), { recursive: true });
    this.write('package-lock.json', '{}');
    this.write('proto/a.proto', 'syntax = "proto3";');
    this.write('scripts/generate-proto.mjs', fakeGenerator);
    this.write('src/a.ts', 'export {};');
    this.write('images/Makefile', 'all:');
    mkdirSync(this.#bin);
    symlinkSync('/usr/bin/env', join(this.#bin, 'env'));
    chmodSync(this.root, 0o777);
  }

  write(path: string, text: string): void {
    mkdirSync(dirname(join(this.root, path)), { recursive: true });
    writeFileSync(join(this.root, path), text);
  }

  remove(path: string): void {
    rmSync(join(this.root, path));
  }

  program(name: string, script = ''): void {
    this.write(
      `bin/${name}`,
      `#!/bin/sh\nPATH=/usr/bin:/bin\necho "${name} $*" >> ${this.#log}\n${script}\n`,
    );
    chmodSync(join(this.#bin, name), 0o755);
  }

  /** Everything that `start` needs; npm brings a TypeScript compiler that does nothing. */
  withEverything(): this {
    const qemus = ['qemu-system-x86_64', 'qemu-system-aarch64', 'qemu-system-arm'];
    for (const name of [...qemus, 'clang', 'ld.lld', 'make']) this.program(name);
    this.program('npm', 'mkdir -p node_modules/typescript/bin && cp tsc.js node_modules/typescript/bin/tsc');
    this.compiler('');
    return this;
  }

  /** What the compiler does from its next installation on. */
  compiler(script: string): void {
    const logged = `require('node:fs').appendFileSync(${JSON.stringify(this.#log)}, 'tsc -b\\n');`;
    const built = `for (const d of ['columns', 'gatt', 'backend']) require('node:fs').mkdirSync(d + '/dist', { recursive: true });`;
    this.write('tsc.js', `${logged}${built}${script}`);
    if (existsSync(join(this.root, 'node_modules')))
      this.write('node_modules/typescript/bin/tsc', `${logged}${built}${script}`);
  }

  /** The calls since the last time that this was asked. */
  calls(): readonly string[] {
    const lines = existsSync(this.#log) ? readFileSync(this.#log, 'utf8').split('\n').filter(Boolean) : [];
    rmSync(this.#log, { force: true });
    return lines.map((line) => line.trim());
  }

  setUp(
    goal: string,
    options: { readonly asNobody?: boolean } = {},
  ): { child: ChildProcess; ended: Promise<Outcome> } {
    const child = spawn(process.execPath, [join(this.root, 'scripts/setup.mjs'), goal], {
      cwd: this.root,
      env: { PATH: this.#bin },
      stdio: ['ignore', 'pipe', 'pipe'],
      // Who is not root is nobody enough.
      ...(options.asNobody === true && process.getuid?.() === 0 && { uid: NOBODY, gid: NOBODY }),
    });
    return { child, ended: outcomeOf(child) };
  }

  [Symbol.dispose](): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

const fakeGenerator = `
import { mkdirSync, writeFileSync } from 'node:fs';
mkdirSync('proto/generated', { recursive: true });
for (const file of ['index.js', 'index.d.ts']) writeFileSync('proto/generated/' + file, '');`;

export function outcomeOf(child: ChildProcess): Promise<Outcome> {
  const texts = { stdout: '', stderr: '' };
  child.stdout?.on('data', (chunk: Buffer) => (texts.stdout += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (texts.stderr += chunk.toString()));
  return new Promise((done, fail) => {
    child.once('error', fail);
    child.once('close', (status) => done({ status, ...texts }));
  });
}
