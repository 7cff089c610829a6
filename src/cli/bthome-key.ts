import { randomBytes } from 'node:crypto';
import { BTHOME_KEY_BYTES } from '@perigee/gatt';
import { PerigeeError } from '../domain/index.js';
import { configOf, runningGateway, type CommonOptions } from './options.js';
import { print, printJson, table } from './output.js';

type Env = Readonly<Record<string, string | undefined>>;

/** What Home Assistant asks for: the configured key and the address; where none is configured, a new key. */
export async function bthomeKey(env: Env, options: CommonOptions): Promise<number> {
  const key = configOf(env, options).radio.bthomeKey?.toLowerCase();
  if (key === undefined) return showNew(options);
  const address = await addressOf(env, options);
  if (options.json) printJson({ key, ...(address === undefined ? {} : { address }) });
  else
    print(
      table([
        ['Key', key],
        ['Address', address ?? 'not known while no gateway advertises'],
        ['Where', 'Home Assistant: Settings, Devices & services, BTHome, the device with this address'],
      ]),
    );
  return 0;
}

function showNew(options: CommonOptions): number {
  const made = randomBytes(BTHOME_KEY_BYTES).toString('hex');
  if (options.json) printJson({ made });
  else
    print(
      [
        'No key is configured. This one was made just now, and is kept nowhere: put it into the configuration file,',
        'and start the gateway again.',
        '',
        'radio:',
        `  bthomeKey: '${made}'`,
      ].join('\n'),
    );
  return 0;
}

async function addressOf(env: Env, options: CommonOptions): Promise<string | undefined> {
  try {
    return (await runningGateway(env, options).status()).radio.address;
  } catch (error) {
    if (error instanceof PerigeeError && error.code === 'gateway-not-running') return undefined;
    throw error;
  }
}
