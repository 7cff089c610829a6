import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { IMAGES, ROOT, exec } from './support-build.js';

/** What test/guest/codec.c is asked; see there. */
export interface CodecRecord {
  readonly operation: 'R' | 'C' | 'D' | 'E';
  readonly bytes: Uint8Array;
}

export const RESET: CodecRecord = { operation: 'R', bytes: new Uint8Array() };

const SOURCES = [
  join(ROOT, 'test', 'guest', 'codec.c'),
  join(IMAGES, 'lib', 'frames.c'),
  join(IMAGES, 'lib', 'protobuf.c'),
];
const FLAGS = [
  '-std=c11',
  '-g',
  '-O1',
  '-Wall',
  '-Wextra',
  '-Wshadow',
  '-Wconversion',
  '-Werror',
  '-I',
  join(IMAGES, 'lib'),
];

/** The best first: the address sanitizer's run-time library is a package of its own, trapping needs none. */
const SANITIZERS = [
  ['-fsanitize=address,undefined', '-fno-sanitize-recover=all'],
  ['-fsanitize=undefined', '-fsanitize-trap=undefined'],
];

/** Compiles the guest's codec for this machine. */
export async function compileCodec(program: string): Promise<void> {
  let failure: unknown;
  for (const sanitizer of SANITIZERS) {
    try {
      await exec('clang', [...FLAGS, ...sanitizer, ...SOURCES, '-o', program]);
      return;
    } catch (error) {
      failure = error; // its run-time library may be missing; the last one's failure is the one that counts
    }
  }
  throw failure;
}

function encodeRecord({ operation, bytes }: CodecRecord): Buffer {
  const head = Buffer.alloc(5);
  head.write(operation, 'latin1');
  head.writeUInt32LE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

/** Runs the records through one process, and returns the lines that each was answered with. */
export async function runCodec(program: string, records: readonly CodecRecord[]): Promise<string[][]> {
  const child = spawn(program, { stdio: ['pipe', 'pipe', 'pipe'] });
  const closed = once(child, 'close');
  const output: Buffer[] = [];
  let complaint = '';
  child.stdout.on('data', (bytes: Buffer) => output.push(bytes));
  child.stderr.on('data', (bytes: Buffer) => (complaint += bytes.toString()));
  child.stdin.on('error', () => undefined); // it crashed; its status says so below
  child.stdin.end(Buffer.concat(records.map(encodeRecord)));
  const status: unknown[] = await closed;
  if (status[0] !== 0) throw new Error(`the codec ended with ${status.join(' ')}: ${complaint}`);
  return splitAnswers(Buffer.concat(output).toString());
}

function splitAnswers(text: string): string[][] {
  const answers: string[][] = [];
  let answer: string[] = [];
  for (const line of text.split('\n').slice(0, -1)) {
    if (line !== '.') {
      answer.push(line);
      continue;
    }
    answers.push(answer);
    answer = [];
  }
  return answers;
}
