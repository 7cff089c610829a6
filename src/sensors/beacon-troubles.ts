import type { BeaconStatus } from '../domain/index.js';

type Trouble = NonNullable<BeaconStatus['trouble']>;

/** Why what a beacon says is not taken. */
export type Refusal = 'unsealed' | 'no-key' | 'other-key' | 'repeated';

export const REFUSALS: Readonly<Record<Refusal, Trouble>> = {
  unsealed: {
    reason: 'heard, but not sealed, and it has a key',
    cure: 'Switch its encryption on, or take its key out of sensors.beacons.',
  },
  'no-key': {
    reason: 'heard, but sealed, and its key is not known',
    cure: 'Give its key in sensors.beacons.',
  },
  'other-key': {
    reason: 'heard, but sealed with another key',
    cure: 'Correct its key, or its address, in sensors.beacons.',
  },
  repeated: {
    reason: 'heard, but it says nothing new: its packets are ones that were heard before, or count anew',
    cure: 'Does it still measure? After a change of its battery: start the gateway again.',
  },
};

export const WITHOUT_VALUES: Trouble = {
  reason: 'heard, but it says nothing that an image can be granted',
  cure: 'docs/bluetooth.md lists the quantities.',
};

/** Of one that is not heard any more, or never was. */
export function silent(silentUs: number | undefined): Trouble {
  if (silentUs === undefined)
    return { reason: 'not heard yet', cure: 'Is it switched on and near, and is its address right?' };
  return { reason: 'not heard any more', cure: 'Is it near, and is its battery charged?' };
}
