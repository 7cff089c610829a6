import { spawn, type ChildProcess } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { Conversation, done, kill, said } from './programs.js';
import { eventually } from './step.js';

const DAEMON = '/usr/libexec/bluetooth/bluetoothd';
const BUS_CONFIG = '/tmp/bus.conf';
/** Everybody may do everything: nobody else is there. */
const BUS = `<busconfig><type>system</type><listen>unix:path=/run/dbus/system_bus_socket</listen>
<policy context="default"><allow user="*"/><allow own="*"/><allow send_destination="*"/><allow receive_sender="*"/></policy>
</busconfig>`;
/** It switches on no adapter by itself. */
const DAEMON_CONFIG = '/tmp/bluetooth.conf';

/** BlueZ's daemon on a bus of its own, as a desktop has it. */
export class Bluetoothd implements AsyncDisposable {
  readonly #bus: ChildProcess;
  readonly #daemon: ChildProcess;

  private constructor(bus: ChildProcess, daemon: ChildProcess) {
    this.#bus = bus;
    this.#daemon = daemon;
  }

  static async start(): Promise<Bluetoothd> {
    await mkdir('/run/dbus', { recursive: true });
    await mkdir('/var/lib/bluetooth', { recursive: true });
    await writeFile(BUS_CONFIG, BUS);
    await writeFile(DAEMON_CONFIG, '[Policy]\nAutoEnable=false\n');
    const bus = spawn('dbus-daemon', [`--config-file=${BUS_CONFIG}`, '--nofork', '--nopidfile'], {
      stdio: 'ignore',
    });
    await eventually(() => done('gdbus', 'call', ...ofBus('GetId')), PATIENT);
    const daemon = spawn(DAEMON, ['-n', '-f', DAEMON_CONFIG], { stdio: 'ignore' });
    const started = new Bluetoothd(bus, daemon);
    await eventually(() => managedObjects(), PATIENT);
    return started;
  }

  get processId(): number | undefined {
    return this.#daemon.pid;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await kill(this.#daemon, 'SIGTERM');
    await kill(this.#bus);
  }
}

/** Tries for a program that starts on a busy machine. */
const PATIENT = 80;

const ofBus = (method: string): readonly string[] => [
  ...['--system', '--dest', 'org.freedesktop.DBus', '--object-path', '/org/freedesktop/DBus'],
  ...['--method', `org.freedesktop.DBus.${method}`],
];

/** All that the daemon knows, in GVariant's text. */
async function managedObjects(): Promise<string> {
  const what = ['--object-path', '/', '--method', 'org.freedesktop.DBus.ObjectManager.GetManagedObjects'];
  return done('gdbus', 'call', '--system', '--dest', 'org.bluez', ...what);
}

/** Object paths of the characteristics that it has discovered, by UUID, of devices that it is connected to. */
export async function characteristicPaths(): Promise<ReadonlyMap<string, string>> {
  const found = (await managedObjects()).matchAll(
    /'(\/org\/bluez\/[\w/]+)': \{(?:'[\w.]+': \{\}, )*'org\.bluez\.GattCharacteristic1': \{'UUID': <'([0-9a-f-]+)'>/g,
  );
  return new Map([...found].map(([, path = '', uuid = '']) => [uuid.replaceAll('-', ''), path]));
}

/** Calls a method of an object of the daemon's; rejects with its error, as it names it. */
export async function call(path: string, method: string, ...args: readonly string[]): Promise<string> {
  const object = ['--dest', 'org.bluez', '--object-path', path, '--method', `org.bluez.${method}`];
  const { status, text } = await said('gdbus', 'call', '--system', ...object, ...args);
  if (status !== 0) throw new Error(text);
  return text;
}

/** Of GVariant's text; every other escaped character stands for itself. */
const ESCAPES: Readonly<Record<string, number>> = { b: 8, t: 9, n: 10, v: 11, f: 12, r: 13 };

/** The bytes of an answer such as `([byte 0x50, 0x65],)`, or, where the last and no other is zero, `(b'Pe',)`. */
export function bytesOf(answer: string): Uint8Array {
  const text = /^\(b(['"])(.*)\1,\)$/s.exec(answer.trim())?.[2];
  if (text === undefined) {
    const bytes = answer.matchAll(/0x([0-9a-f]{2})\b/g);
    return Uint8Array.from([...bytes].map(([, byte = '']) => Number.parseInt(byte, 16)));
  }
  const bytes = [...text.matchAll(/\\([0-7]{1,3})|\\(.)|(.)/g)].map(([, octal, escaped, plain = '']) => {
    if (octal !== undefined) return Number.parseInt(octal, 8);
    return (escaped === undefined ? undefined : ESCAPES[escaped]) ?? (escaped ?? plain).charCodeAt(0);
  });
  return Uint8Array.of(...bytes, 0);
}

/** As an argument of a method. */
export function bytesText(bytes: Uint8Array): string {
  return `[${[...bytes].map((byte) => `byte ${byte}`).join(', ')}]`;
}

/** The daemon's own command line, which holds a discovery and a subscription for as long as it lives. */
export function bluetoothctl(listen?: (line: string) => void): Conversation {
  return new Conversation('bluetoothctl', [], /\[[^\]]*\]# ?/g, listen);
}
