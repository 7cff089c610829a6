import { once } from 'node:events';
import { BLENO_DRIVERS } from '../../src/radio/index.js';
import { startGateway } from './support-gateway.js';

/**
 * A gateway as a process: `fixture-gateway.js DRIVER SOCKET`. Says "ready", stops at the first byte of standard input,
 * and then has nothing left that would keep it alive.
 */
const [, , name, socket] = process.argv;
const driver = BLENO_DRIVERS.find((known) => known === name) ?? 'stoprocent';
const gateway = await startGateway(driver, socket === undefined ? {} : { airSocket: socket });
process.stdout.write('ready\n');
await once(process.stdin, 'data');
process.stdin.destroy();
await gateway[Symbol.asyncDispose]();
process.stdout.write('stopped\n');
