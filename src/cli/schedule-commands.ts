import { Option, type Command } from 'commander';
import { SCHEDULE_CHANGES, type ScheduleChange } from '../domain/index.js';
import { command, unknownCommand, type Act } from './command.js';
import type { CommonOptions } from './options.js';
import { parseArgs, parseDuration, priorityOption } from './parse.js';
import type { AddOptions } from './schedule.js';

/** The same to a technician's phone. */
export const CHANGE_COMMANDS: Readonly<
  Record<ScheduleChange, { readonly name: string; readonly description: string }>
> = {
  pause: { name: 'pause', description: 'Start nothing of it until it is resumed.' },
  resume: { name: 'resume', description: 'Go on with what was paused.' },
  clear: { name: 'clear', description: 'Start again what failed again and again, now that it is mended.' },
  remove: { name: 'rm', description: 'Remove a schedule; a run of it goes on.' },
};

/** What is said of a schedule that is added, whichever way it comes to the gateway. */
export function addedSchedule(add: Command): Command {
  return add
    .argument('<name>', 'what it is called')
    .argument('<image>', 'what it starts')
    .option('--cron <expression>', 'minute, hour, day, month and weekday: "0 6 * * *"')
    .option('--every <time>', 'an interval: 30s, 15m, 1h', parseDuration)
    .option('--at <time>', 'once: 2026-12-01T06:00')
    .option('--zone <name>', 'the time zone of --cron or --at (default: that of the board)')
    .option('--jitter <time>', 'puts each start off by a random time of at most this', parseDuration, 0)
    .addOption(
      new Option(
        '--missed <policy>',
        'what comes of starts that were missed (default: skip with --cron)',
      ).choices(['skip', 'run-once']),
    )
    .addOption(
      new Option('--overlap <policy>', 'what a start does while the run before it goes on')
        .choices(['skip', 'queue'])
        .default('skip'),
    )
    .addOption(
      new Option('--restart <policy>', 'whether a run that failed is started again')
        .choices(['never', 'on-failure'])
        .default('never'),
    )
    .option('--time-limit <time>', 'stops each run after this time', parseDuration)
    .addOption(priorityOption())
    .option('--args <text>', "added to the guest's command line", parseArgs);
}

/** `perigee schedule` and what is below it; alone it lists. */
export function addScheduleCommands(program: Command, action: Act): void {
  const schedule = program.command('schedule').description('Schedules: what starts by itself.');
  schedule.addHelpText(
    'after',
    '\nExample:\n  perigee schedule add dawn hostsense --cron "0 6 * * *" --time-limit 10m',
  );
  command(schedule, 'ls', 'List schedules, and what is kept running.', 'perigee schedule ls', {
    isDefault: true,
  })
    .allowExcessArguments()
    .action(
      action<[CommonOptions, Command]>(async (env, options, { args: [stranger] }) => {
        if (stranger !== undefined) throw unknownCommand('schedule', stranger);
        return (await import('./schedule.js')).list(env, options);
      }),
    );
  addedSchedule(
    command(
      schedule,
      'add',
      'Start an image regularly, or once.',
      'perigee schedule add often hello --every 15m',
    ),
  ).action(
    action<[string, string, CommonOptions & AddOptions]>(async (env, name, image, options) =>
      (await import('./schedule.js')).add(env, name, image, options),
    ),
  );
  for (const change of SCHEDULE_CHANGES) {
    const { name, description } = CHANGE_COMMANDS[change];
    command(schedule, name, description, `perigee schedule ${name} dawn`)
      .argument('<name>', 'as `perigee schedule ls` shows it')
      .action(
        action<[string, CommonOptions]>(async (env, which, options) =>
          (await import('./schedule.js')).change(env, which, change, options),
        ),
      );
  }
}
