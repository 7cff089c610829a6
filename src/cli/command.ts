import { Option, type Command, type CommandOptions } from 'commander';
import { PerigeeError } from '../domain/index.js';

type Env = Readonly<Record<string, string | undefined>>;

/** Makes what commander calls of what a command does: its exit status is kept. */
export type Act = <A extends unknown[]>(
  run: (env: Env, ...args: A) => Promise<number>,
) => (...args: A) => Promise<void>;

/** A command with what every command takes. */
export function command(
  program: Command,
  name: string,
  description: string,
  example: string,
  kind: CommandOptions = {},
): Command {
  return program
    .command(name, kind)
    .description(description)
    .addOption(
      new Option('-c, --config <file>', 'a YAML file; docs/configuration.md lists its keys').env(
        'PERIGEE_CONFIG',
      ),
    )
    .option('-d, --data <directory>', 'where everything is kept (default: ./data)')
    .option('-s, --set <key=value...>', 'overrides one key of the configuration')
    .option('--json', 'print JSON for programs')
    .addHelpText('after', `\nExample:\n  ${example}`);
}

/** What is no command of a group comes to the one that is meant when there is none. */
export function unknownCommand(group: string, name: string): PerigeeError {
  const text = `there is no command "${group} ${name}"`;
  return new PerigeeError('usage', text, `perigee ${group} --help lists those there are.`);
}
