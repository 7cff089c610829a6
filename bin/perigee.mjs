#!/usr/bin/env node
import { existsSync } from 'node:fs';

const program = new URL('../dist/src/main.js', import.meta.url);
if (existsSync(program)) await import(program.href);
else {
  console.error('perigee: not built yet\n  Run npm run setup first.');
  process.exitCode = 70;
}
