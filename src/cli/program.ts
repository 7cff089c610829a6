import { Command, CommanderError, Option } from 'commander';
import { ERROR_EXITS, PerigeeError } from '../domain/index.js';
import { packageVersion } from '../platform/index.js';
import { command, type Act } from './command.js';
import { addImagesCommands } from './images-commands.js';
import type { CommonOptions } from './options.js';
import { addExportCommand } from './export-command.js';
import { complain } from './output.js';
import { parseArgs, parseDuration, priorityOption, parseCount } from './parse.js';
import { addNearbyCommands } from './nearby-commands.js';
import { addScheduleCommands } from './schedule-commands.js';
import { addStoreCommands } from './store-commands.js';
import type { TopOptions } from './top.js';
import { TOP_ORDERS } from './top-view.js';
import { addTechnicianCommands } from './technician-commands.js';

type Env = Readonly<Record<string, string | undefined>>;

/** Runs one command; the answer is the process's exit status. */
export async function runCommandLine(argv: readonly string[], env: Env): Promise<number> {
  let status = 0;
  let asked: { readonly data?: string; readonly isNearby: boolean } = { isNearby: false };
  const action: Act =
    (run) =>
    async (...args) => {
      status = await run(env, ...args);
    };
  try {
    await buildProgram(action)
      .hook('preAction', (_, meant) => {
        asked = { ...meant.opts<CommonOptions>(), isNearby: isBelow('nearby', meant) };
      })
      .parseAsync(argv);
    return status;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : ERROR_EXITS.usage;
    if (!(error instanceof PerigeeError)) throw error;
    complain(error, asked.data, asked.isNearby);
    return error.exitStatus;
  }
}

function isBelow(group: string, { parent }: Command): boolean {
  return parent !== null && (parent.name() === group || isBelow(group, parent));
}

/** Each command is loaded when it is asked for: most need nothing of the gateway, and start in a fraction of the time. */
function buildProgram(action: Act): Command {
  const program = new Command('perigee')
    .description('Runs sensing unikernels on this board, and shows what they measure and cost.')
    .version(packageVersion(), '-V, --version')
    .exitOverride()
    .showHelpAfterError('(perigee COMMAND --help shows what it takes)');

  command(
    program,
    'serve',
    'Run the gateway until it is told to end.',
    'perigee serve --data /var/lib/perigee',
  ).action(action<[CommonOptions]>(async (env, options) => (await import('./serve.js')).serve(env, options)));
  command(
    program,
    'demo',
    'Run gateway, backend and a phone in software on this machine.',
    'perigee demo --for 30s --json',
  )
    .option('--for <time>', 'end after this time: 30s, 5m, 1h', parseDuration)
    .action(
      action<[CommonOptions & { for?: number }]>(async (env, options) =>
        (await import('./demo.js')).demo(env, options),
      ),
    );
  command(program, 'run', 'Start an image, and show when it reports.', 'perigee run hello --follow')
    .argument('<image>', 'its name, as `perigee images` shows it')
    .option('--follow', 'show its console and metrics until it ends')
    .option('--args <text>', "added to the guest's command line", parseArgs, '')
    .addOption(priorityOption())
    .action(
      action<[string, CommonOptions & { follow?: true; args: string; priority: number }]>(
        async (env, image, options) => (await import('./run.js')).run(env, image, options),
      ),
    );
  command(program, 'ps', 'List runs.', 'perigee ps --all')
    .option('--all', 'also those that have ended')
    .action(
      action<[CommonOptions & { all?: true }]>(async (env, options) =>
        (await import('./ps.js')).ps(env, options),
      ),
    );
  command(program, 'stop', 'Stop a run.', 'perigee stop 3f2a')
    .argument('<run>', 'its id, or the beginning of it')
    .action(
      action<[string, CommonOptions]>(async (env, id, options) =>
        (await import('./stop.js')).stop(env, id, options),
      ),
    );
  command(program, 'logs', 'Show what a guest printed.', 'perigee logs 3f2a --follow')
    .argument('<run>', 'its id, or the beginning of it')
    .option('-f, --follow', 'go on until the run ends')
    .option('-n, --tail <lines>', 'begin with the last so many lines', parseCount)
    .action(
      action<[string, CommonOptions & { follow?: true; tail?: number }]>(async (env, id, options) =>
        (await import('./logs.js')).logs(env, id, options),
      ),
    );
  command(program, 'top', 'Show runs and metrics as they change, in this terminal.', 'perigee top --sort cpu')
    .addOption(
      new Option('--sort <column>', 'the runs that have most of it first').choices(TOP_ORDERS).default('cpu'),
    )
    .action(action<[TopOptions]>(async (env, options) => (await import('./top.js')).top(env, options)));
  addExportCommand(program, action);
  addImagesCommands(program, action);
  command(
    program,
    'backup',
    'Keep everything as it is now in a file, also while the gateway runs.',
    'perigee backup /media/usb',
  )
    .argument('<target>', 'a file, or a folder in which it gets its name; - for standard output')
    .action(
      action<[string, CommonOptions]>(async (env, target, options) =>
        (await import('./backup.js')).backup(env, target, options),
      ),
    );
  command(
    program,
    'restore',
    'Make an empty data directory that of a backup.',
    'perigee restore perigee.backup --data /var/lib/perigee',
  )
    .argument('<file>', 'that `perigee backup` made; - for standard input')
    .action(
      action<[string, CommonOptions]>(async (env, file, options) =>
        (await import('./restore.js')).restore(env, file, options),
      ),
    );
  addScheduleCommands(program, action);
  addStoreCommands(program, action);
  addTechnicianCommands(program, action);
  addNearbyCommands(program, action);
  command(
    program,
    'bthome-key',
    'Show the key with which this gateway encrypts what it advertises, or make one.',
    'perigee bthome-key',
  ).action(
    action<[CommonOptions]>(async (env, options) =>
      (await import('./bthome-key.js')).bthomeKey(env, options),
    ),
  );
  command(
    program,
    'doctor',
    'Check this board, and say what to do about what is wrong.',
    'perigee doctor --json',
  ).action(
    action<[CommonOptions]>(async (env, options) => (await import('./doctor.js')).doctor(env, options)),
  );
  return program;
}
