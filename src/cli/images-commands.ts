import { InvalidArgumentError, Option, type Command } from 'commander';
import { ARCHITECTURES, DESCRIPTION_MAX_CHARACTERS, FLAVOURS } from '../domain/index.js';
import { READY_TEXT_MAX_CHARACTERS, READY_WITHIN_MAX_MS } from '../domain/index.js';
import { command, unknownCommand, type Act } from './command.js';
import type { AddOptions } from './images-add.js';
import type { RemoveOptions } from './images-rm.js';
import type { CommonOptions } from './options.js';
import { parseArgs, parseDurationUpTo, parseText } from './parse.js';

/** `perigee images` and what is below it; alone it lists. */
export function addImagesCommands(program: Command, action: Act): void {
  const images = program.command('images').description('Images: what can be run.');
  images.addHelpText('after', '\nExample:\n  perigee images ls');
  command(images, 'ls', 'List the images that can be run.', 'perigee images ls', { isDefault: true })
    .allowExcessArguments()
    .action(
      action<[CommonOptions, Command]>(async (env, options, { args: [stranger] }) => {
        if (stranger !== undefined) throw unknownCommand('images', stranger);
        return (await import('./images.js')).images(env, options);
      }),
    );
  command(images, 'show', 'Show an image, and what its files are.', 'perigee images show hello')
    .argument('<image>', 'its name')
    .action(
      action<[string, CommonOptions]>(async (env, name, options) =>
        (await import('./images-show.js')).show(env, name, options),
      ),
    );
  command(images, 'verify', 'Read every file, and compare it with its checksum.', 'perigee images verify')
    .argument('[image...]', 'names; all without one')
    .action(
      action<[string[], CommonOptions]>(async (env, names, options) =>
        (await import('./images-verify.js')).verify(env, names, options),
      ),
    );
  addAddCommand(images, action);
  command(images, 'rm', 'Remove an image that was added.', 'perigee images rm nginx')
    .argument('<image>', 'its name')
    .option('--force', 'although a schedule or the configuration names it')
    .action(
      action<[string, RemoveOptions]>(async (env, name, options) =>
        (await import('./images-rm.js')).remove(env, name, options),
      ),
    );
  command(images, 'sign', 'Sign an image with a key of yours.', 'perigee images sign hello --key maker.pem')
    .argument('<image>', 'its name')
    .requiredOption('--key <file>', 'an Ed25519 private key, as PEM')
    .action(
      action<[string, CommonOptions & { key: string }]>(async (env, name, options) =>
        (await import('./images-sign.js')).signNamed(env, name, options),
      ),
    );
  command(images, 'inspect', 'Say what a file is, by its content.', 'perigee images inspect vmlinuz')
    .argument('<file>', 'a kernel, an initrd or a disk')
    .action(
      action<[string, CommonOptions]>(async (env, file, options) =>
        (await import('./images-inspect.js')).inspect(env, file, options),
      ),
    );
}

function addAddCommand(images: Command, action: Act): void {
  command(
    images,
    'add',
    'Add an image of any family, once it was seen to boot.',
    'perigee images add app.elf --flavour unikraft --memory 32',
  )
    .argument('<path>', 'a kernel, a disk, or a folder that holds them or an image.yaml')
    .addOption(new Option('--flavour <name>', 'its family; absent: as its content says').choices(FLAVOURS))
    .option('--name <name>', "absent: made of the file's name")
    .addOption(new Option('--arch <name>', 'of a disk, which does not say it').choices(ARCHITECTURES))
    .option('--memory <MiB>', 'RAM of the guest', parseNumber(1, MAX_MEMORY_MIB))
    .option('--vcpus <count>', 'virtual processors', parseNumber(1, MAX_VCPUS))
    .option('--args <text>', "the guest's command line", parseArgs)
    .option('--disk <file>', 'what the kernel finds as its disk')
    .option('--initrd <file>', 'what is loaded beside the kernel')
    .option('--tap <device=interface>', "a TAP interface for a Solo5 image's network device", parseTap)
    .option('--network', 'a network on which it reports to the gateway, and reaches nothing else')
    .option('--description <text>', 'for people', parseText(DESCRIPTION_MAX_CHARACTERS))
    .option(
      '--ready-text <text>',
      'what it prints when it is ready; absent: its first metric says so',
      parseText(READY_TEXT_MAX_CHARACTERS),
    )
    .option(
      '--ready-within <time>',
      'how long it may take to be ready (default: 30s)',
      parseDurationUpTo(READY_WITHIN_MAX_MS),
    )
    .option('--key <file>', 'a private key to sign it with')
    .option('--keep', 'add it although it did not boot')
    .option('--replace', 'put it in the place of one that was added under the same name')
    .action(
      action<[string, AddOptions]>(async (env, path, options) =>
        (await import('./images-add.js')).add(env, path, options),
      ),
    );
}

/** What a manifest may say. */
const MAX_MEMORY_MIB = 65_536;
const MAX_VCPUS = 8;

function parseNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,6}$/.test(text) ? Number(text) : NaN;
    if (value >= least && value <= most) return value;
    throw new InvalidArgumentError(`Give a whole number from ${least} to ${most}.`);
  };
}

/** May be given several times. */
function parseTap(
  text: string,
  before: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  const [device = '', tap = ''] = text.split('=');
  if (/^\w+=[\w.-]+$/.test(text)) return { ...before, [device]: tap };
  throw new InvalidArgumentError('Give DEVICE=INTERFACE, such as service=tap0.');
}
