/** A gateway in so far as it has a last will: waits until it is killed. Its arguments: its id, and how long guests wait. */
import { parseGatewayId } from '../../src/domain/index.js';
import { LastWill } from '../../src/runner/index.js';
import { SILENT } from '../support/loggers.js';

const [gateway = '', seconds = ''] = process.argv.slice(2);
const parts = { gatewayId: parseGatewayId(gateway), adoptWithinSeconds: Number(seconds), logger: SILENT };
const will = new LastWill({ ...parts, searchPath: '' });
process.on('SIGTERM', () => void will[Symbol.asyncDispose]().then(() => process.exit(0)));
setInterval(() => undefined, 60_000);
console.log('ready');
