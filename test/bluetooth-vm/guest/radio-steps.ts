import assert from 'node:assert/strict';
import { closeSync, fstatSync, openSync, readdirSync, readlinkSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Radio } from '../../../src/domain/index.js';
import { buildAdvertisement, createRadio, keepOnAir } from '../../../src/radio/index.js';
import { SILENT } from '../../support/loggers.js';
import { done, said } from './programs.js';
import { eventually, pass, type Machine } from './step.js';

/** The central's, which nobody uses meanwhile. */
const DEVICE = 1;
/** More than a stack has descriptors, so that the numbers which it had are files of ours. */
const FILES = 40;
/** Tries for what is noticed within 15 s, and for what is tried again after at most 30 s more. */
const PATIENT = 360;
const NOBODY = 65_534;

/** Radios in this process, whose descriptors can be looked at. */
class Board implements AsyncDisposable {
  readonly machine: Machine;

  constructor(machine: Machine) {
    this.machine = machine;
  }

  radio(): Radio {
    const { driver } = this.machine;
    return createRadio({ mode: 'auto', hciDevice: DEVICE, driver, name: 'x', logger: SILENT });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}

const start = (radio: Radio): Promise<void> => radio.start([], buildAdvertisement('x'));

export const radioPass = pass(
  (machine) => Promise.resolve(new Board(machine)),
  [
    {
      claim: 'a radio that is started again has its adapter, and leaves no socket behind',
      async show(board) {
        const before = sockets();
        for (let i = 0; i < 3; i += 1) {
          await using radio = board.radio();
          await start(radio);
        }
        assert.deepEqual(sockets(), before);
      },
    },
    {
      claim: 'no file of ours is closed when what was a radio is collected',
      async show() {
        const files = Array.from({ length: FILES }, () => openSync('/dev/null', 'r'));
        setFlagsFromString('--expose_gc');
        const collect = runInNewContext('gc') as () => void;
        for (let i = 0; i < 5; i += 1) {
          collect();
          await delay(50);
        }
        assert.deepEqual(
          files.filter((file) => !isOpen(file)),
          [],
        );
        files.forEach((file) => closeSync(file));
      },
    },
    {
      claim: 'an adapter that another program left on is said to be held, and opened once it is down',
      async show(board) {
        await done('hciconfig', `hci${DEVICE}`, 'up');
        await using radio = board.radio();
        await assert.rejects(start(radio), { code: 'radio-unavailable', message: /hci1 is held by/ });
        await done('hciconfig', `hci${DEVICE}`, 'down');
        await start(radio);
      },
    },
    {
      claim: 'without the capabilities it says which are missing',
      async show({ machine: { driver } }) {
        const program = `process.setgid(${NOBODY}); process.setuid(${NOBODY});
          const { buildAdvertisement, createRadio } = await import('/perigee/dist/src/radio/index.js');
          const logger = { debug() {}, info() {}, warn() {}, error() {} };
          const radio = createRadio({ mode: 'auto', hciDevice: ${DEVICE}, driver: '${driver}', name: 'x', logger });
          await radio.start([], buildAdvertisement('x')).catch(({ message }) => console.log(message));
          process.exit();`;
        const { text } = await said(process.execPath, '--input-type=module', '-e', program);
        assert.match(text, /may not use hci1: it lacks CAP_NET_ADMIN and CAP_NET_RAW/);
      },
    },
    {
      claim: 'a controller that hangs is noticed, and used again once it answers',
      async show(board) {
        await using radio = board.radio();
        const keeper = keepOnAir({ radio, start: () => start(radio), logger: SILENT });
        const is = (kind: string): Promise<void> =>
          eventually(() => {
            assert.equal(radio.state.kind, kind);
            return Promise.resolve();
          }, PATIENT);
        await is('advertising');
        await done('killall', '-STOP', 'btvirt');
        try {
          await is('unavailable');
          assert.match(radio.faults.latest ?? '', /hci1 does not answer/);
        } finally {
          await done('killall', '-CONT', 'btvirt');
        }
        await is('advertising');
        keeper[Symbol.dispose]();
        await board.machine.gateway.untilAdvertising();
      },
    },
  ],
);

function sockets(): readonly string[] {
  return readdirSync('/proc/self/fd').flatMap((descriptor) => {
    try {
      const target = readlinkSync(`/proc/self/fd/${descriptor}`);
      return target.startsWith('socket:') ? [target] : [];
    } catch {
      // The one of the listing itself.
      return [];
    }
  });
}

function isOpen(file: number): boolean {
  try {
    return fstatSync(file).isCharacterDevice();
  } catch {
    return false;
  }
}
