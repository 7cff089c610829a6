import { openPhone } from '../../src/nearby/index.js';

/** A phone as a process: `fixture-phone.js SOCKET` writes what it read as one JSON line, and ends by itself. */
const [, , airSocket = ''] = process.argv;
const phone = await openPhone({ airSocket });
const found = await phone.find();
const connection = await phone.connect(found);
const metrics = await connection.readMetrics();
const device = await connection.readDeviceInformation();
await connection.disconnect();
await phone[Symbol.asyncDispose]();
process.stdout.write(JSON.stringify({ found, metrics, device }) + '\n');
