/** `npm run bench -- NAME [--quick] [--json]`: one bench, or `all`. With --json the last line is one JSON object. */
import { parseArgs } from 'node:util';
import { bleBench } from './ble.js';
import { bootBench } from './boot.js';
import { churnBench } from './churn.js';
import { densityBench } from './density.js';
import { idleBench } from './idle.js';
import { storeBench } from './store.js';
import type { Bench, Figures } from './bench.js';

const BENCHES: Readonly<Record<string, Bench>> = {
  boot: bootBench,
  idle: idleBench,
  density: densityBench,
  churn: churnBench,
  store: storeBench,
  ble: bleBench,
};

async function main(argv: readonly string[]): Promise<number> {
  const usage = `npm run bench -- NAME [--quick] [--json], where NAME is all, ${Object.keys(BENCHES).join(', ')}\n`;
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: { json: { type: 'boolean' }, quick: { type: 'boolean' }, help: { type: 'boolean' } },
  });
  const [wanted] = positionals;
  const names =
    wanted === 'all' ? Object.keys(BENCHES) : wanted !== undefined && wanted in BENCHES ? [wanted] : [];
  if (values.help === true || names.length === 0) {
    process.stderr.write(usage);
    return values.help === true ? 0 : 2;
  }
  const results: Record<string, Figures> = {};
  for (const name of names) {
    const bench = BENCHES[name];
    if (bench)
      results[name] = await bench({
        quick: values.quick ?? false,
        say: (line) => process.stderr.write(`${line}\n`),
      });
  }
  for (const [name, figures] of Object.entries(results)) if (!values.json) printFigures(name, figures);
  const [only] = names;
  if (values.json)
    process.stdout.write(
      `${JSON.stringify(names.length === 1 && only !== undefined ? results[only] : results)}\n`,
    );
  return 0;
}

function printFigures(name: string, figures: Figures): void {
  process.stdout.write(`${name}\n`);
  for (const [key, value] of Object.entries(figures)) process.stdout.write(`  ${key.padEnd(20)} ${value}\n`);
}

process.exitCode = await main(process.argv.slice(2));
