// What runs in the virtual machine: two emulated controllers, a gateway on the first, and the passes that the arguments name.
import { argv, stdout } from 'node:process';
import { BLENO_DRIVERS } from '../../../src/radio/index.js';
import { Controllers } from './controllers.js';
import { ServedGateway } from './gateway.js';
import { PASSES } from './passes.js';

const say = (value: object): void => void stdout.write(`\n@@ ${JSON.stringify(value)}\n`);

const [driverName, passNames = ''] = argv.slice(2);
const driver = BLENO_DRIVERS.find((name) => name === driverName);
if (driver === undefined) throw new Error(`no driver ${String(driverName)}`);

const controllers = new Controllers();
await controllers.plugIn();
const gateway = new ServedGateway(driver);
await gateway.start();
await gateway.untilAdvertising();
for (const [name, pass] of Object.entries(PASSES)) {
  if (passNames.split(',').includes(name)) await pass.run({ driver, gateway, controllers }, say);
}
await gateway.kill();
await controllers.unplug();
say({ finished: true });
// noble leaves its socket open.
process.exit();
