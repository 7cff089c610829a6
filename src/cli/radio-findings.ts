import type { Config } from '../config/index.js';
import type { GatewayStatus, RadioStatus } from '../domain/index.js';
import {
  CAPABILITY_CURE,
  describeBlock,
  driverFault,
  findAdapter,
  KERNEL_PATHS,
  maxCentralsOf,
  surroundings,
  type KernelPaths,
} from '../radio/index.js';
import type { Finding } from './findings.js';

const DRIVER = 'Bluetooth driver';
const ADAPTER = 'Bluetooth adapter';
const RIGHTS = 'Bluetooth rights';

/** What the radio needs of this board, whether a gateway runs or not; `gateway` is the process of the one that does. */
export function findRadio(
  { radio: { driver, hciDevice, mode } }: Config,
  gateway: Pick<GatewayStatus, 'processId'> | undefined,
  kernel: KernelPaths = KERNEL_PATHS,
): readonly Finding[] {
  if (mode === 'off') return [];
  const findings = [findDriver(driver, mode === 'virtual')];
  if (mode === 'virtual') return findings;
  const { holders, missingCapabilities, switches } = surroundings(kernel, gateway?.processId);
  return [...findings, findTheAdapter(), findRights()];

  function findTheAdapter(): Finding {
    const found = findAdapter(hciDevice, kernel);
    if (found.kind === 'none') return note(ADAPTER, found.reason, found.cure);
    const blocked = describeBlock(found.device, switches);
    if (blocked !== undefined) return note(ADAPTER, `hci${found.device}: ${blocked.reason}`, blocked.cure);
    const others = holders.filter(({ processId }) => processId !== gateway?.processId);
    const users = others.map(({ name, processId }) => `${name} (process ${processId})`).join(', ');
    return ok(ADAPTER, `hci${found.device}${users === '' ? '' : `; Bluetooth is also used by ${users}`}`);
  }

  function findRights(): Finding {
    const whose = gateway === undefined ? 'this process' : 'the gateway';
    if (missingCapabilities === undefined) return note(RIGHTS, `the kernel does not tell those of ${whose}`);
    if (missingCapabilities.length === 0) return ok(RIGHTS, `${whose} has CAP_NET_ADMIN and CAP_NET_RAW`);
    return note(RIGHTS, `${whose} lacks ${missingCapabilities.join(' and ')}`, CAPABILITY_CURE);
  }
}

/** What this driver can, and whether it is there; under a virtual radio its native code is not used. */
function findDriver(driver: Config['radio']['driver'], virtual: boolean): Finding {
  const phones = maxCentralsOf(driver);
  const limit =
    phones === 1 ? '1 phone at once, and no advertising while it is connected' : `${phones} phones at once`;
  const fault = virtual ? undefined : driverFault(driver);
  if (fault !== undefined) return note(DRIVER, `${fault.reason} (${limit})`, fault.cure);
  return ok(
    DRIVER,
    `@${driver}/bleno: ${limit}; ${virtual ? 'the radio is virtual' : 'its native code is there'}`,
  );
}

/** What the radio of the gateway that runs does, and how it has fared. */
export function radioOf({ driver, faults, maxCentrals, state }: RadioStatus): Finding {
  const past =
    faults.latest === undefined
      ? ''
      : `; faults since the start: ${faults.count}, the last: ${faults.latest}`;
  switch (state.kind) {
    case 'off':
      return ok('Radio', 'off');
    case 'starting':
      return ok('Radio', `${driver}: starting${past}`);
    case 'unavailable':
      return note('Radio', `${state.reason}${past}`, state.cure);
    case 'advertising': {
      const text = `${driver}: advertising, ${state.centrals} of at most ${maxCentrals} phones connected${past}`;
      return past === '' ? ok('Radio', text) : note('Radio', text);
    }
  }
}

const ok = (name: string, text: string): Finding => ({ name, verdict: 'ok', text });

function note(name: string, text: string, cure?: string): Finding {
  return { name, verdict: 'note', text, ...(cure === undefined ? {} : { cure }) };
}
