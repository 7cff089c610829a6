import { describeInVm } from './support-vm.js';

describeInVm("over a real kernel's Bluetooth, with @abandonware/bleno", {
  ...{
    driver: 'abandonware',
    passes: ['gatttool', 'bluetoothctl', 'radio', 'noble', 'trouble'],
    required: true,
  },
});
