#!/usr/bin/env -S MALLOC_TRIM_THRESHOLD_=131072 node
// glibc gives memory back at this threshold, which is its own, and raises it with each large buffer that is freed unless it
// is set (mallopt(3)): a store then keeps 10 MiB of buffers that it will not need again. Only the environment can set it.
import { existsSync } from 'node:fs';

const program = new URL('../dist/src/main.js', import.meta.url);
if (existsSync(program)) await import(program.href);
else {
  console.error('perigee: not built yet\n  Run npm run setup first.');
  process.exitCode = 70;
}
