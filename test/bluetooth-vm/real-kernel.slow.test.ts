import { describeInVm } from './support-vm.js';

/** The whole is `npm run test:bluetooth-vm`. */
describeInVm("over a real kernel's Bluetooth, in short", {
  ...{ driver: 'stoprocent', passes: ['gatttool', 'noble'], required: false },
});
