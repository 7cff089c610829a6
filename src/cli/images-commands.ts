import type { Command } from 'commander';
import { PerigeeError } from '../domain/index.js';
import { command, type Act } from './command.js';
import type { CommonOptions } from './options.js';

/** `perigee images` and what is below it; alone it lists. */
export function addImagesCommands(program: Command, action: Act): void {
  const images = program.command('images').description('Images: what can be run.');
  images.addHelpText('after', '\nExample:\n  perigee images ls');
  command(images, 'ls', 'List the images that can be run.', 'perigee images ls', { isDefault: true })
    .allowExcessArguments()
    .action(
      action<[CommonOptions, Command]>(async (env, options, { args: [stranger] }) => {
        if (stranger !== undefined) throw unknownCommand(stranger);
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
  command(images, 'inspect', 'Say what a file is, by its content.', 'perigee images inspect vmlinuz')
    .argument('<file>', 'a kernel, an initrd or a disk')
    .action(
      action<[string, CommonOptions]>(async (env, file, options) =>
        (await import('./images-inspect.js')).inspect(env, file, options),
      ),
    );
}

/** What is no command below `images` comes to the one that is meant when there is none. */
function unknownCommand(name: string): PerigeeError {
  const text = `there is no command "images ${name}"`;
  return new PerigeeError('usage', text, 'perigee images --help lists those there are.');
}
