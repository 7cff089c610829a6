import { isBluetoothAddress } from '@perigee/gatt';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { RESOLUTIONS, ROLES, SCHEDULE_CHANGES } from '../domain/index.js';
import type { Role } from '../domain/index.js';
import type { BthomeKeys } from '../nearby/index.js';
import { command, type Act } from './command.js';
import { EXPORT_FORMATS } from './export-shape.js';
import type { HistoryOptions } from './nearby-history.js';
import type { DeviceOptions } from './nearby-read.js';
import type { NearbyOptions } from './nearby-visit.js';
import { parseBthomeKey, parseDuration, parseSpan, parseTime, priorityOption } from './parse.js';
import { addedSchedule, CHANGE_COMMANDS } from './schedule-commands.js';
import type { AddOptions } from './schedule.js';

/** hciN, as the configuration takes it. */
const HCI_DEVICES = 16;

const NO_KEYS: BthomeKeys = new Map();
const parseKey = (text: string, keys: BthomeKeys): BthomeKeys => new Map([...keys, parseBthomeKey(text)]);

/** `perigee nearby …`: a phone on the command line. */
export function addNearbyCommands(program: Command, action: Act): void {
  const nearby = program
    .command('nearby')
    .description('Be a phone: what gateways in reach show, and what a technician may do.');
  const add = (name: string, description: string, example: string): Command =>
    withRadio(command(nearby, name, description, example));

  add(
    'scan',
    'List the gateways in reach, and other devices that say values in BTHome.',
    'perigee nearby scan --key 54:48:e6:8f:80:a5=231d39c1d7cc1ab1aee224cd096db932',
  )
    .option('--key <address=hex>', 'the key of a device that encrypts; as often as needed', parseKey, NO_KEYS)
    .action(
      action<[NearbyOptions & { key: BthomeKeys }]>(async (env, options) =>
        (await import('./nearby-scan.js')).scan(env, options),
      ),
    );
  add('read', 'Show what a gateway shows to everyone, or any other device.', 'perigee nearby read')
    .addOption(deviceOption())
    .action(
      action<[DeviceOptions]>(async (env, options) => (await import('./nearby-read.js')).read(env, options)),
    );
  add('enrol', 'Become a technician by an invitation.', 'perigee nearby enrol perigee:enrol/1/…')
    .argument('<invitation>', 'the text below the code of `perigee technician add`')
    .action(
      action<[string, NearbyOptions]>(async (env, link, options) =>
        (await import('./nearby.js')).enrol(env, link, options),
      ),
    );
  add('images', 'List the images that a gateway can run.', 'perigee nearby images').action(
    action<[NearbyOptions]>(async (env, options) => (await import('./nearby.js')).images(env, options)),
  );
  add('ps', 'List the runs of a gateway.', 'perigee nearby ps').action(
    action<[NearbyOptions]>(async (env, options) => (await import('./nearby.js')).ps(env, options)),
  );
  add('run', 'Start an image on a gateway, and follow it to its end.', 'perigee nearby run hello')
    .argument('<image>', 'its name, as `perigee nearby images` shows it')
    .option('--args <text>', "added to the guest's command line", '')
    .addOption(priorityOption())
    .action(
      action<[string, NearbyOptions & { args: string; priority: number }]>(async (env, image, options) =>
        (await import('./nearby.js')).run(env, image, options),
      ),
    );
  add('stop', 'Stop a run of a gateway.', 'perigee nearby stop 3f2a000000000000')
    .argument('<run>', 'its id')
    .action(
      action<[string, NearbyOptions]>(async (env, id, options) =>
        (await import('./nearby.js')).stop(env, id, options),
      ),
    );
  add('logs', 'Show what a guest printed.', 'perigee nearby logs 3f2a000000000000')
    .argument('<run>', 'its id')
    .option('--tail', 'only the end of it, which takes no transfer')
    .action(
      action<[string, NearbyOptions & { tail?: true }]>(async (env, id, options) =>
        (await import('./nearby.js')).logs(env, id, options),
      ),
    );
  add(
    'history',
    'Print what was measured, as `export` does; without a series, what series there are.',
    `perigee nearby history 'cpu_busy_mean{image="hostsense"}' --last 24h --resolution minutes`,
  )
    .argument('[series...]', 'as they are listed without one')
    .option('--last <time>', 'up to now: 30m, 24h, 7d', parseSpan, parseSpan('1h'))
    .option('--from <time>', 'from this time on, as 2026-11-27T12:00Z', parseTime)
    .option('--to <time>', 'up to this time', parseTime)
    .addOption(new Option('--resolution <span>', 'what a row spans').choices(RESOLUTIONS).default('raw'))
    .addOption(new Option('--csv', 'as CSV, which is the default').conflicts(['json', 'format']))
    .addOption(new Option('--format <format>', 'default: csv, or jsonl with --json').choices(EXPORT_FORMATS))
    .option('-o, --output <file>', 'write there; a file has its name once it is whole')
    .action(
      action<[string[], NearbyOptions & HistoryOptions]>(async (env, series, options) =>
        (await import('./nearby-history.js')).history(env, series, options),
      ),
    );
  add(
    'watch',
    'Show what a device tells everyone as it changes; of series, which need a session, what runs report.',
    `perigee nearby watch 'run_rss{image="hello"}'`,
  )
    .argument('[series...]', 'as `perigee nearby history` lists them')
    .addOption(deviceOption())
    .action(
      action<[string[], DeviceOptions]>(async (env, series, options) =>
        series.length === 0
          ? (await import('./nearby-read.js')).watchEveryone(env, options)
          : (await import('./nearby-data.js')).watch(env, series, options),
      ),
    );
  add('status', 'Show how a gateway is, and what its backend holds.', 'perigee nearby status').action(
    action<[NearbyOptions]>(async (env, options) => (await import('./nearby-data.js')).status(env, options)),
  );
  add('schedules', 'List what a gateway starts by itself.', 'perigee nearby schedules').action(
    action<[NearbyOptions]>(async (env, options) =>
      (await import('./nearby-schedules.js')).schedules(env, options),
    ),
  );
  add('time', 'Show what time it is for a gateway, or tell it.', 'perigee nearby time --tell')
    .option('--tell', 'tells it the time of this machine, unless NTP keeps its clock')
    .action(
      action<[NearbyOptions & { tell?: true }]>(async (env, options) =>
        (await import('./nearby-time.js')).time(env, options),
      ),
    );
  addScheduleCommands(nearby, action);
  add('invite', 'Show a code for another phone, where you may.', 'perigee nearby invite Bob --role viewer')
    .argument('<name>', 'whose phone it is')
    .addOption(new Option('--role <role>', 'what they may').choices(ROLES).default('viewer'))
    .option('--grant <time>', 'how long, from the enrolment on: 8h, 30d', parseSpan)
    .option(
      '--valid <time>',
      'how long the code is good for, a day at most',
      parseDuration,
      parseDuration('10m'),
    )
    .action(
      action<[string, NearbyOptions & { role: Role; grant?: number; valid: number }]>(
        async (env, name, options) => (await import('./nearby-schedules.js')).invite(env, name, options),
      ),
    );
}

function addScheduleCommands(nearby: Command, action: Act): void {
  const schedule = nearby.command('schedule').description('Add and change what a gateway starts by itself.');
  const example = 'perigee nearby schedule add often hello --every 15m';
  addedSchedule(withRadio(command(schedule, 'add', 'Start an image regularly, or once.', example))).action(
    action<[string, string, NearbyOptions & AddOptions]>(async (env, name, image, options) =>
      (await import('./nearby-schedules.js')).add(env, name, image, options),
    ),
  );
  for (const change of SCHEDULE_CHANGES) {
    const { description, name } = CHANGE_COMMANDS[change];
    withRadio(command(schedule, name, description, `perigee nearby schedule ${name} dawn`))
      .argument('<name>', 'as `perigee nearby schedules` shows it')
      .action(
        action<[string, NearbyOptions]>(async (env, which, options) =>
          (await import('./nearby-schedules.js')).change(env, which, change, options),
        ),
      );
  }
}

function withRadio(each: Command): Command {
  return each
    .option('--hci <number>', 'use the adapter hciN of this machine', parseHci)
    .option('--air <socket>', "use a gateway's virtual radio (default: that of --data, if there is one)")
    .option('--gateway <name>', 'which gateway, where there are several: its name or id');
}

function deviceOption(): Option {
  return new Option('--device <address>', 'any device, which need not be a gateway').argParser((text) => {
    if (isBluetoothAddress(text)) return text.toLowerCase();
    throw new InvalidArgumentError('Give an address as `perigee nearby scan` shows it.');
  });
}

function parseHci(text: string): number {
  const number = /^\d{1,2}$/.test(text) ? Number(text) : NaN;
  if (number < HCI_DEVICES) return number;
  throw new InvalidArgumentError(`Give a number from 0 to ${HCI_DEVICES - 1}.`);
}
