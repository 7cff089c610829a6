import { Option, type Command } from 'commander';
import { ROLES } from '../domain/index.js';
import { command, type Act } from './command.js';
import type { CommonOptions } from './options.js';
import { parseCount, parseDuration, parseSpan } from './parse.js';
import type { InviteOptions } from './technician.js';

/** `perigee technician …`: who may do what from a phone. */
export function addTechnicianCommands(program: Command, action: Act): void {
  const technician = program
    .command('technician')
    .description('Say who may do what from a phone, and see what was done.');
  command(
    technician,
    'add',
    'Show a code that makes the phone that scans it a technician.',
    'perigee technician add Ada --grant 30d',
  )
    .argument('<name>', 'whose phone it is')
    .addOption(
      new Option('--role <role>', 'viewer: sees all that was measured; technician: also acts')
        .choices(ROLES)
        .default('technician'),
    )
    .option(
      '--grant <time>',
      'how long the phone may, from its enrolment on: 8h, 30d (default: no end)',
      parseSpan,
    )
    .option(
      '--valid <time>',
      'how long the code is good for, 7d at most',
      parseDuration,
      parseDuration('10m'),
    )
    .option('--may-enrol', 'may invite others')
    .action(
      action<[string, CommonOptions & InviteOptions]>(async (env, name, options) =>
        (await import('./technician.js')).add(env, name, options),
      ),
    );
  command(technician, 'ls', 'List whose phones have enrolled.', 'perigee technician ls', {
    isDefault: true,
  }).action(
    action<[CommonOptions]>(async (env, options) => (await import('./technician.js')).list(env, options)),
  );
  command(technician, 'revoke', 'Take back what a technician may, at once.', 'perigee technician revoke Ada')
    .argument('<name>', 'as `perigee technician ls` shows it')
    .action(
      action<[string, CommonOptions]>(async (env, name, options) =>
        (await import('./technician.js')).revoke(env, name, options),
      ),
    );
  command(technician, 'log', 'Show what technicians did, newest first.', 'perigee technician log -n 20')
    .option('-n, --lines <lines>', 'so many, 1000 at most', parseCount, 50)
    .action(
      action<[CommonOptions & { lines: number }]>(async (env, options) =>
        (await import('./technician.js')).log(env, options),
      ),
    );
}
