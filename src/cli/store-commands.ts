import { InvalidArgumentError, type Command } from 'commander';
import { command, type Act } from './command.js';
import type { CommonOptions } from './options.js';
import type { StatsOptions } from './store-stats.js';

/** `perigee store`: what keeps a store well. On the gateway that runs, or on a store that none uses. */
export function addStoreCommands(program: Command, action: Act): void {
  const store = program.command('store').description('The store: what it takes, and what keeps it well.');
  store.addHelpText('after', '\nExample:\n  perigee store stats');
  command(
    store,
    'stats',
    'Show what the store takes, what it costs the card, and when the disk is full.',
    'perigee store stats --card-size 32GB --card-cycles 3000',
  )
    .option('--card-size <bytes>', 'as printed on the card (default: the file system)', parseSize)
    .option(
      '--card-cycles <number>',
      'how often each cell can be written, as rated (default: 500)',
      parseCycles,
    )
    .action(
      action<[StatsOptions]>(async (env, options) => (await import('./store-stats.js')).stats(env, options)),
    );
  command(
    store,
    'compact',
    'Sort the store anew, and free what was removed.',
    'perigee store compact',
  ).action(
    action<[CommonOptions]>(async (env, options) =>
      (await import('./store-compact.js')).compact(env, options),
    ),
  );
  command(
    store,
    'check',
    'Read everything in a store that no gateway uses, and say what is damaged.',
    'perigee store check --json',
  ).action(
    action<[CommonOptions]>(async (env, options) => (await import('./store-check.js')).check(env, options)),
  );
  command(
    store,
    'repair',
    'Set aside what cannot be read of such a store, and keep the rest.',
    'perigee store repair',
  ).action(
    action<[CommonOptions]>(async (env, options) => (await import('./store-repair.js')).repair(env, options)),
  );
}

const SIZES: Readonly<Record<string, number>> = { MB: 1e6, GB: 1e9, TB: 1e12 };

function parseSize(text: string): number {
  const match = /^(\d{1,6}(?:\.\d{1,3})?) ?(MB|GB|TB)$/i.exec(text);
  const bytes = Number(match?.[1]) * (SIZES[match?.[2]?.toUpperCase() ?? ''] ?? NaN);
  if (bytes > 0) return bytes;
  throw new InvalidArgumentError('Give a size such as 32GB.');
}

function parseCycles(text: string): number {
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Give a whole number such as 3000.');
}
