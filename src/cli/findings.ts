import { accessSync, constants, existsSync, statfsSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import type { Config } from '../config/index.js';
import { PerigeeError, reasonOf, type Architecture, type GatewayControl } from '../domain/index.js';
import type { GatewayStatus, Logger } from '../domain/index.js';
import { QEMU_PROGRAMS } from '../images/index.js';
import { systemClock } from '../platform/index.js';
import { boardAccelerator, boardConfinement } from '../gateway.js';
import { createSensorHub } from '../sensors/index.js';
import { catalogueOf } from './catalogue.js';

/** One fact about this board. `fail`: guests cannot run, or nothing can be stored. `note`: worth knowing. */
export interface Finding {
  readonly name: string;
  readonly verdict: 'ok' | 'note' | 'fail';
  readonly text: string;
  readonly cure?: string;
}

/** A day of 60 series at 1 Hz is under 200 MB; below this a gateway is about to lose data. */
const LOW_SPACE_BYTES = 256 * 1024 * 1024;

const ok = (name: string, text: string): Finding => ({ name, verdict: 'ok', text });

export function findQemu(architecture: Architecture, config: Config, path: string): Finding {
  const program = QEMU_PROGRAMS[architecture];
  const { qemuDirectory } = config.runner;
  const folders = qemuDirectory === undefined ? path.split(delimiter) : [qemuDirectory];
  const found = folders.map((folder) => join(folder, program)).find(isExecutable);
  if (found !== undefined) return ok('QEMU', found);
  if (qemuDirectory !== undefined) {
    return failed(
      'QEMU',
      `there is no ${program} in ${qemuDirectory}`,
      'Correct runner.qemuDirectory, or drop it.',
    );
  }
  const text = `${program} is not on the PATH: guests cannot run`;
  return failed('QEMU', text, 'Run npm run setup, or set runner.qemuDirectory.');
}

/** Only an image that was built for a tender needs it. */
export function findTenders(config: Config, path: string): Finding {
  const { solo5Directory } = config.runner;
  const folders = solo5Directory === undefined ? path.split(delimiter) : [solo5Directory];
  const find = (tender: string): string | undefined =>
    folders.map((folder) => join(folder, tender)).find(isExecutable);
  const found = ['solo5-hvt', 'solo5-spt'].flatMap((tender) => find(tender) ?? []);
  if (found.length > 0) return ok('Solo5 tenders', found.join(', '));
  const text = `neither solo5-hvt nor solo5-spt is ${solo5Directory === undefined ? 'on the PATH' : `in ${solo5Directory}`}`;
  const cure = 'Needed only for images that were built for one: docs/unikernels.md says how to get them.';
  return { name: 'Solo5 tenders', verdict: 'note', text, cure };
}

/** What would be used, tried if need be: a /dev/kvm that opens may still run no guest. */
export async function findAccelerator(
  config: Config,
  architecture: Architecture,
  searchPath: string,
  logger: Logger,
): Promise<Finding> {
  const { accelerator, qemuDirectory } = config.runner;
  if (accelerator !== 'auto') return ok('Accelerator', `${accelerator}, by configuration`);
  const { dataDirectory } = config;
  const catalogue = catalogueOf(config);
  const host = { architecture, qemuDirectory };
  const parts = { searchPath, clock: systemClock, logger };
  using confinement = boardConfinement({ ...parts, config, groups: false });
  const chooser = boardAccelerator({ ...parts, dataDirectory, catalogue, host, confinement });
  const choice = await chooser.choose();
  const text = `${choice.accelerator}: ${choice.why}`;
  if (choice.cure === undefined) return ok('Accelerator', text);
  return { name: 'Accelerator', verdict: 'note', text, cure: choice.cure };
}

export async function findImages(config: Config, architecture: Architecture): Promise<readonly Finding[]> {
  const catalogue = catalogueOf(config);
  try {
    const { images, problems } = await catalogue.list();
    const checked = await Promise.allSettled(images.map((image) => catalogue.verify(image, architecture)));
    const bad = checked.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));
    const complaints = [...problems.map(({ error }) => error), ...bad].map(imageFinding);
    const names = images.map((image) => image.name).join(', ');
    if (images.length > 0 && bad.length === 0)
      return [ok('Images', `${names}; every checksum agrees`), ...complaints];
    if (complaints.length > 0) return complaints;
    return [failed('Images', 'there are none', 'Build them: npm run images')];
  } catch (error) {
    return [imageFinding(error)];
  }
}

/** What is not trusted does not run because that is what was asked for. */
function imageFinding(error: unknown): Finding {
  const { cure, code } =
    error instanceof PerigeeError ? error : { cure: 'Build it again: npm run images', code: undefined };
  return {
    name: 'Images',
    verdict: code === 'image-untrusted' ? 'note' : 'fail',
    text: reasonOf(error),
    cure,
  };
}

export function findDataDirectory(config: Config): Finding {
  let folder = config.dataDirectory;
  while (!existsSync(folder)) folder = dirname(folder);
  if (!isReadableAndWritable(folder)) {
    return failed(
      'Data directory',
      `${folder} may not be written`,
      'Choose another with --data, or correct its permissions.',
    );
  }
  const { bavail, blocks, bsize } = statfsSync(folder);
  if (blocks === 0)
    return failed('Data directory', `nothing can be kept in ${folder}`, 'Choose another with --data.');
  const free = `${((bavail * bsize) / 2 ** 30).toFixed(1)} GiB free`;
  if (bavail * bsize >= LOW_SPACE_BYTES) return ok('Data directory', `${config.dataDirectory}, ${free}`);
  return failed(
    'Data directory',
    `${config.dataDirectory} has only ${free}`,
    'Make room: recording stops on a full disk.',
  );
}

export async function findSensors(logger: Logger): Promise<readonly Finding[]> {
  const sensors = await createSensorHub({ clock: systemClock, logger }).available();
  return sensors.map(({ sensor, present, reason }) => {
    const name = `Sensor ${sensor}`;
    return present ? ok(name, 'present') : { name, verdict: 'note', text: reason ?? 'absent on this board' };
  });
}

export async function findGateway(control: GatewayControl): Promise<readonly Finding[]> {
  try {
    const status = await control.status();
    const { crashLoops, epoch, processId, sync } = status;
    return [
      ok('Gateway', `runs as process ${processId}, start ${epoch}, ${guestsOf(status)}`),
      recordingOf(status),
      seriesOf(status),
      crashLoops.length === 0 ? ok('Schedules', 'nothing fails again and again') : failing(crashLoops),
      phonesOf(status),
      sync.waiting
        ? {
            name: 'Backend',
            verdict: 'note',
            text: sync.text,
            cure: 'Is sync.url right, and does the backend run?',
          }
        : ok('Backend', sync.text),
      ...status.safeguards.map(({ active, ...fact }): Finding => ({
        ...fact,
        verdict: active ? 'ok' : 'note',
      })),
    ];
  } catch (error) {
    return [{ name: 'Gateway', verdict: 'note', text: reasonOf(error), cure: 'Start one: perigee serve' }];
  }
}

function phonesOf({ phones: { connected, refused } }: GatewayStatus): Finding {
  const here = connected === 1 ? '1 talks' : `${connected} talk`;
  const reasons = Object.entries(refused).toSorted(([, a], [, b]) => b - a);
  if (reasons.length === 0) return ok('Phones', `${here} to the control service, and none was refused`);
  const total = reasons.reduce((sum, [, count]) => sum + count, 0);
  const list = reasons.map(([reason, count]) => `${reason} (${count})`).join(', ');
  const text = `${here} to the control service; refused since the start ${total} times: ${list}`;
  const cure = 'When, and what technicians did: perigee technician log.';
  return { name: 'Phones', verdict: 'note', text, cure };
}

function seriesOf({ store: { series, refusedSamples } }: GatewayStatus): Finding {
  if (refusedSamples === 0) return ok('Series', `${series}, and no sample was refused`);
  const text = `${series}; ${refusedSamples} samples since the start were not taken, since a limit was hit`;
  const cure = 'The log names series and limit; see store.maxSeries and store.maxSeriesPerImage.';
  return { name: 'Series', verdict: 'note', text, cure };
}

/** What was lost before this start is worth knowing; what is lost now must be mended. */
function recordingOf({ losses, lostObservations, recording }: GatewayStatus): Finding {
  const kept = losses.latest === undefined ? '' : `; the last: ${losses.latest}`;
  const cure = 'GET /api/losses tells of each; docs/storage.md says what each means.';
  if (recording.kind !== 'whole')
    return failed(
      'Recording',
      `${recording.text}${kept}`,
      'See that its disk is writable and has space; it goes on by itself.',
    );
  if (lostObservations > 0)
    return failed('Recording', `${lostObservations} observations were lost${kept}`, cure);
  if (losses.records === 0) return ok('Recording', 'nothing was lost');
  const text = `nothing was lost since the start; ${losses.records} losses before${kept}`;
  return { name: 'Recording', verdict: 'note', text, cure };
}

function failing(names: readonly string[]): Finding {
  const cure = `See perigee ps --all and perigee logs; once mended: perigee schedule clear ${names[0] ?? ''}`;
  return failed('Schedules', `not started again, since it fails again and again: ${names.join(', ')}`, cure);
}

function guestsOf({ activeRuns, queuedRuns, readyGuests }: GatewayStatus): string {
  const ready = Object.entries(readyGuests).map(([image, count]) => `${count} of ${image}`);
  const waiting = queuedRuns === 0 ? '' : `, of which ${queuedRuns} wait for a place`;
  const guests = `${activeRuns === 1 ? '1 guest' : `${activeRuns} guests`}${waiting}`;
  return ready.length === 0 ? guests : `${guests}, kept ready: ${ready.join(', ')}`;
}

function failed(name: string, text: string, cure: string): Finding {
  return { name, verdict: 'fail', text, cure };
}

function isExecutable(path: string): boolean {
  return permits(path, constants.X_OK);
}

function isReadableAndWritable(path: string): boolean {
  return permits(path, constants.R_OK | constants.W_OK);
}

function permits(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    // The answer to the question, not a failure.
    return false;
  }
}
