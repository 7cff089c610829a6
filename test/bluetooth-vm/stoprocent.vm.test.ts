import { describeInVm } from './support-vm.js';

describeInVm("over a real kernel's Bluetooth, with @stoprocent/bleno", {
  ...{
    driver: 'stoprocent',
    passes: ['gatttool', 'bluetoothctl', 'radio', 'noble', 'trouble'],
    required: true,
  },
});
