import type { Config } from './config/index.js';
import { openConsoles } from './console/index.js';
import { Access } from './access/index.js';
import { createControl } from './gateway/control.js';
import type { Clock, GatewayControl, Logger, RunId } from './domain/index.js';
import { openCatalogue, trustOf, vmSpec, warmStart } from './images/index.js';
import { WAIT_ARGS, encodePractice, encodeStart, encodeStop } from './metrics/index.js';
import {
  BACKED_UP_FOLDERS,
  boardSerial,
  BUILT_IMAGES,
  Closer,
  addedImages,
  airSocket,
  clockNote,
  consoleDirectory,
  controlSocket,
  identityKey,
  identityKeyFile,
  nodeCurve,
  runFolder,
  runFolders,
} from './platform/index.js';
import { MULTIBOOT_LOADER, hostArchitecture, newRunId, pageBytes, pruneRuns } from './platform/index.js';
import { LastWill, createRunner, endOrphans, type Runner } from './runner/index.js';
import { BoardClock } from './gateway/board-clock.js';
import { systemTime } from './gateway/system-time.js';
import { boardAdmission } from './gateway/places.js';
import { openMetricsRadio } from './gateway/metrics-radio.js';
import { recordingStatus } from './gateway/recording.js';
import { boardConfinement } from './gateway/confinement.js';
import { boardAccelerator, type ChooserParts } from './gateway/accelerator.js';
import { guestDecoders } from './gateway/decoders.js';
import { watchDirectory } from './gateway/directory-watch.js';
import { serveGuest } from './guestnet/index.js';
import { sensorFeed } from './gateway/feed.js';
import { hearBeacons } from './gateway/beacons.js';
import { keptSchedules, warmSizes } from './gateway/scheduling.js';
import { startScheduler } from './scheduler/index.js';
import { createPhoneService } from './phones/index.js';
import { createSensorHub } from './sensors/index.js';
import { createRecorder, openLevelStore } from './store/index.js';
import { SYNC_CURSORS, createUploader } from './sync/index.js';
import { serveControl, servePage } from './web/index.js';

export { boardAccelerator, boardConfinement };

export interface GatewayParts {
  readonly config: Config;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The value of PATH: where QEMU is. */
  readonly searchPath: string;
  /** Runs only what it is asked to run: no schedule, and nothing that is kept running. */
  readonly onDemandOnly?: true;
}

export interface Gateway extends AsyncDisposable {
  readonly control: GatewayControl;
  /** Ends every guest, stores what they said last, and sends what the backend does not hold yet. */
  settle(): Promise<void>;
}

/** A service manager starts us again in seconds, a person in minutes. */
const ADOPT_WITHIN_SECONDS = 600;

/**
 * The whole flow: images are run, what guests report is stored, and what is stored goes to radio, backend and page.
 * Disposing it ends every guest, stores what waits and closes everything, in that order.
 */
export async function startGateway(parts: GatewayParts): Promise<Gateway> {
  const { config, logger, searchPath, onDemandOnly: asleep = false } = parts;
  const closer = new Closer(logger);
  try {
    const data = config.dataDirectory;
    const clock = await BoardClock.open({
      ...{ system: parts.clock, systemTime: systemTime(searchPath), notePath: clockNote(data), logger },
    });
    const store = closer.use(
      'store',
      await openLevelStore({
        ...{ directory: data, clock, logger, besides: BACKED_UP_FOLDERS, board: boardSerial() },
        ...config.store,
        dropsOld: true,
        followers: config.sync.url === undefined ? undefined : SYNC_CURSORS,
      }),
    );
    const identity = await identityKey(identityKeyFile(data));
    const access = await Access.open({
      ...{ store: store.access, gatewayKey: identity.publicKey, clock, logger },
    });
    const orphans = await endOrphans(store, store.gatewayId, logger);
    const recorder = closer.use('recorder', createRecorder(store, logger));
    const heard = hearBeacons({ config, airSocket: airSocket(data), clock, logger });
    const sensors = createSensorHub({ clock, logger, ...(heard.beacons && { beacons: heard.beacons }) });
    const added = addedImages(data);
    const trust = trustOf(config.images);
    const catalogue = openCatalogue(config.imagesDirectory ?? BUILT_IMAGES, { added, trust });
    const logDirectory = consoleDirectory(data);
    const architecture = hostArchitecture();
    const { consoleBytes, consoleTotalBytes, qemuDirectory, solo5Directory, warm, warmMemoryMib } =
      config.runner;
    const confinement = boardConfinement({ config, searchPath, clock, logger, groups: true });
    closer.add('confinement', () => confinement[Symbol.dispose]());
    // In our control group, which is chosen by now, and before any guest.
    closer.use(
      'last will',
      new LastWill({
        ...{ gatewayId: store.gatewayId, searchPath, logger },
        adoptWithinSeconds: ADOPT_WITHIN_SECONDS,
      }),
    );
    const adoptable = new Set(orphans.adoptable.map(({ id }) => id));
    confinement.sweep(adoptable);
    await pruneRuns(runFolders(data), adoptable, logger);
    const accelerator = await acceleratorOf(config, {
      ...{
        confinement,
        dataDirectory: data,
        catalogue,
        host: { architecture, qemuDirectory },
        searchPath,
        clock,
        logger,
      },
    });
    const runDirectory = (id: RunId): string => runFolder(data, id);
    const host = {
      ...{ architecture, accelerator, qemuDirectory, solo5Directory, runDirectory },
      ...{ pageBytes: pageBytes(), multibootLoader: MULTIBOOT_LOADER },
    };
    const consoles = openConsoles(
      logDirectory,
      { runBytes: consoleBytes, totalBytes: consoleTotalBytes },
      logger,
    );

    const runner: Runner = closer.use(
      'runner',
      createRunner({
        ...{ journal: store, catalogue, clock, logger, console: (id: RunId) => consoles.open(id) },
        ...{ architecture, gatewayId: store.gatewayId, searchPath, confinement },
        admission: boardAdmission(config.runner, clock, () => runner.active),
        spec: (image, args, id) => vmSpec(image, args, id, host),
        ...guestDecoders(),
        warm: {
          ...{ way: warmStart, waitArgs: WAIT_ARGS },
          ...{ practiceFrame: encodePractice(), startFrame: encodeStart() },
          ...{ newSlot: newRunId, budgetMib: warmMemoryMib },
        },
        feed: (image, send) => sensorFeed(sensors, image, send),
        stopFrame: encodeStop(),
        network: (cable, lines) => serveGuest(cable, { clock, lines }),
        record: (observation) => recorder.record(observation),
      }),
    );

    await runner.adopt(orphans.adoptable);
    runner.pool.want(warmSizes(warm, new Map()));

    const radio = closer.use(
      'radio',
      openMetricsRadio({
        ...{ config, store, runner, airSocket: airSocket(data), clock, logger },
        recording: () => recordingStatus(store, recorder),
        publicKey: identity.publicKey,
        more: () => [phones.service],
        onAir: () => heard.onAir(),
      }),
    );
    // Ends before the radio, which may be the one that it listens on.
    closer.use('beacons', heard);
    const uploader = createUploader({
      ...{
        store,
        gatewayId: store.gatewayId,
        restoredEpoch: store.restoredEpoch,
        clock,
        logger,
        intervalMs: config.sync.intervalMs,
      },
      ...(config.sync.url === undefined ? {} : { url: config.sync.url }),
    });
    closer.use('sync', uploader);

    const kept = asleep ? [] : await keptSchedules(config.keepRunning, catalogue, logger);
    const scheduler = closer.use(
      'scheduler',
      await startScheduler({
        ...{ runs: runner, store: store.schedules, kept, asleep, newRunId, clock, logger },
        expect: (images) => runner.pool.want(warmSizes(warm, images)),
      }),
    );

    let webUrl: string | undefined;
    const directory = closer.use('directory watch', watchDirectory(controlSocket(data), logger));
    const control = createControl({
      ...{ store, recorder, catalogue, runner, scheduler, confinement, radio, uploader, clock, logDirectory },
      access,
      name: config.name,
      phones: () => ({ connected: phones.count, refused: access.refused }),
      nearby: () => heard.status(),
      webUrl: () => webUrl,
      dataDirectoryGone: () => directory.gone,
    });
    const phones = createPhoneService({
      ...{ curve: nodeCurve, identity, access, control, history: store, clock, time: clock, logger },
      gateway: { gatewayId: store.gatewayId, gatewayName: config.name },
    });
    closer.add('phones', () => phones[Symbol.dispose]());
    closer.use('control socket', await serveControl(control, controlSocket(data), logger));
    directory.start();
    if (config.web.enabled) webUrl = closer.use('page', await servePage(control, config.web, logger)).address;

    // Before the sockets, so that whoever follows a run is told of its end.
    closer.add('runs', async () => {
      for (const part of [scheduler, runner]) await part[Symbol.asyncDispose]();
    });

    heard.start();
    radio.start();
    uploader.start();
    return {
      control,
      async settle() {
        for (const part of [scheduler, runner, recorder]) await part[Symbol.asyncDispose]();
        await uploader.syncNow();
      },
      [Symbol.asyncDispose]: () => closer[Symbol.asyncDispose](),
    };
  } catch (error) {
    await closer[Symbol.asyncDispose]();
    throw error;
  }
}

/** What the configuration says, or else what this board was seen to run our guests best with. */
async function acceleratorOf(config: Config, parts: ChooserParts): Promise<'tcg' | 'kvm'> {
  if (config.runner.accelerator !== 'auto') return config.runner.accelerator;
  const { accelerator, why, cure } = await boardAccelerator(parts).choose();
  parts.logger.info({ accelerator, cure }, `accelerator: ${why}`);
  return accelerator;
}
