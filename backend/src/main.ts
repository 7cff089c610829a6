import { parseArgs } from 'node:util';
import { openBackend } from './backend.js';
import type { BackendOptions } from './backend.js';
import { BackendError, reasonOf } from './errors.js';

const HELP = `Usage: perigee-backend [--port PORT] [--host HOST] [--data DIR]

Takes batches from Perigee gateways over HTTP, keeps them in an embedded database, and answers questions about them.

  --port PORT  where to listen; 0 takes any free port (default 8480)
  --host HOST  address to listen on (default 127.0.0.1: this machine only)
  --data DIR   directory of the database; made if missing (default ./data/backend)
  --help       this text

Example: perigee-backend --port 8480 --data /var/lib/perigee-backend
Exit statuses: 0 stopped on request, 2 usage, 4 directory not usable, 5 directory in use by another backend,
6 data damaged or of a newer version, 7 port taken, 70 a defect.
`;

/** Runs until SIGINT or SIGTERM. Returns the exit status. */
export async function main(args: readonly string[]): Promise<number> {
  try {
    const options = parseOptions(args);
    if (options === 'help') {
      process.stdout.write(HELP);
      return 0;
    }
    await serve(options);
    return 0;
  } catch (error) {
    if (!(error instanceof BackendError)) throw error;
    process.stderr.write(`perigee-backend: ${error.message}. ${error.cure}\n`);
    return error.exitStatus;
  }
}

async function serve(options: BackendOptions): Promise<void> {
  const stopped = new Promise((stop) => {
    process.once('SIGINT', stop);
    process.once('SIGTERM', stop);
  });
  const backend = await openBackend(options);
  process.stdout.write(`perigee-backend: listening on ${backend.url}, data in ${options.directory}\n`);
  await stopped;
  await backend[Symbol.asyncDispose]();
}

function parseOptions(args: readonly string[]): BackendOptions | 'help' {
  const { help, port, host, data } = parse(args);
  if (help) return 'help';
  const number = /^\d{1,5}$/.test(port) ? Number(port) : NaN;
  if (!(number <= 65_535)) throw usage(`"${port}" is no port`);
  if (data === '') throw usage('--data is empty');
  return { directory: data, host, port: number, logger: STDERR };
}

function parse(args: readonly string[]): { help: boolean; port: string; host: string; data: string } {
  try {
    return parseArgs({
      args: [...args],
      options: {
        help: { type: 'boolean', default: false },
        port: { type: 'string', default: '8480' },
        host: { type: 'string', default: '127.0.0.1' },
        data: { type: 'string', default: './data/backend' },
      },
    }).values;
  } catch (error) {
    throw usage(reasonOf(error));
  }
}

function usage(complaint: string): BackendError {
  return new BackendError('usage', complaint.replace(/\.$/, ''), 'See perigee-backend --help.');
}

const line = (_fields: object, message: string): void =>
  void process.stderr.write(`perigee-backend: ${message}\n`);
/** What a person watching the terminal wants: no line for each request that was refused or served. */
const STDERR = {
  info: (): void => undefined,
  warn: (): void => undefined,
  error: (fields: object, message: string): void =>
    line(fields, 'error' in fields ? `${message}: ${reasonOf(fields.error)}` : message),
};
