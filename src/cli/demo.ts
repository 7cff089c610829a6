import { setTimeout as delay } from 'node:timers/promises';
import { BackendError, openBackend } from 'perigee-backend';
import type { Config } from '../config/index.js';
import { PerigeeError, type GatewayControl, type GatewayStatus } from '../domain/index.js';
import { startGateway } from '../gateway.js';
import { airSocket, createLogger, demoBackendDirectory, systemClock } from '../platform/index.js';
import { findAdapter } from '../radio/index.js';
import { dashboard, progressLine, welcome } from './dashboard.js';
import { runHello } from './demo-hello.js';
import { runPhone, type PhoneView } from './demo-phone.js';
import { configOf, type CommonOptions } from './options.js';
import { paint, print, printJson, remark } from './output.js';
import { untilAskedToEnd } from './signals.js';

type Env = Readonly<Record<string, string | undefined>>;

/** What `--json` prints last. */
export interface DemoSummary {
  readonly runs: number;
  readonly metrics: number;
  readonly samplesStored: number;
  readonly bleReads: number;
  readonly batchesAcknowledged: number;
  readonly samplesAcknowledged: number;
}

/** Batches often enough to be seen, and large enough to be batches. */
const SYNC_EVERY_MS = 5000;
const SHOW_EVERY_MS = 1000;
const PROGRESS_EVERY_MS = 5000;

const PHONE_AT_START = { virtual: 'starts', auto: 'take your own', off: 'the radio is off' } as const;

type DemoOptions = CommonOptions & { readonly for?: number };

/** Gateway, backend and phone in one process; ends by itself after `for` milliseconds, or on Ctrl-C. */
export async function demo(env: Env, options: DemoOptions): Promise<number> {
  const ending = new AbortController();
  const ended = untilAskedToEnd(ending.signal);
  const base = configOf(env, options);
  remark(paint('dim', 'Starting backend and gateway (the first time, the backend makes its database)…'));
  await using backend = await openDemoBackend(base);
  const config = demoConfig(base, backend.url);
  const logger = createLogger(env['PERIGEE_LOG_LEVEL'] === undefined ? 'error' : config.logLevel);
  await using gateway = await startGateway({
    config,
    clock: systemClock,
    searchPath: env['PATH'] ?? '',
    logger,
  });
  const { control } = gateway;
  const before = await control.status();
  const say = options.json ? remark : print;
  welcome({ status: before, backendUrl: backend.url, config }, say);

  const virtual = config.radio.mode === 'virtual';
  const view: PhoneView = { reads: 0, metrics: [], state: PHONE_AT_START[config.radio.mode] };
  const timer = options.for === undefined ? undefined : setTimeout(() => ending.abort(), options.for);
  const parts = [
    virtual ? runPhone(airSocket(config.dataDirectory), view, ending.signal) : Promise.resolve(),
    runHello(control, ending.signal),
    show(control, before, view, options, ending.signal),
  ];
  await ended;
  clearTimeout(timer);
  ending.abort();
  await Promise.all(parts);
  await gateway.settle();
  summarise(before, await control.status(), view, (await control.latest()).length, options);
  return 0;
}

/** Where there is no adapter to use, the radio is one of software; the backend is the demo's own. */
function demoConfig(base: Config, url: string): Config {
  const { hciDevice, mode } = base.radio;
  const missing = mode === 'auto' && findAdapter(hciDevice).kind === 'none';
  return {
    ...base,
    radio: { ...base.radio, mode: missing ? 'virtual' : mode },
    sync: { ...base.sync, url, intervalMs: Math.min(base.sync.intervalMs, SYNC_EVERY_MS) },
  };
}

async function openDemoBackend(config: Config): ReturnType<typeof openBackend> {
  try {
    return await openBackend({
      directory: demoBackendDirectory(config.dataDirectory),
      host: '127.0.0.1',
      port: 0,
    });
  } catch (error) {
    if (!(error instanceof BackendError)) throw error;
    throw new PerigeeError(error.code, error.message, error.cure, { cause: error });
  }
}

async function show(
  control: GatewayControl,
  before: GatewayStatus,
  view: PhoneView,
  options: DemoOptions,
  signal: AbortSignal,
): Promise<void> {
  const live = process.stdout.isTTY && options.json === undefined;
  const draw = dashboard(before);
  while (!signal.aborted) {
    // Rejects only on abort, and then what there is is shown once more.
    await delay(live ? SHOW_EVERY_MS : PROGRESS_EVERY_MS, undefined, { signal }).catch(() => undefined);
    const [status, latest] = await Promise.all([control.status(), control.latest()]);
    if (live) draw(status, latest, view);
    else (options.json ? remark : print)(progressLine(before, status, latest, view));
  }
}

function summarise(
  before: GatewayStatus,
  after: GatewayStatus,
  view: PhoneView,
  metrics: number,
  options: CommonOptions,
): void {
  const summary: DemoSummary = {
    runs: after.startedRuns,
    metrics,
    samplesStored: after.store.samples - before.store.samples,
    bleReads: view.reads,
    batchesAcknowledged: after.sync.batchesAcknowledged,
    samplesAcknowledged: after.sync.samplesAcknowledged,
  };
  if (options.json) return printJson(summary);
  print('');
  print(`Runs started           ${summary.runs}`);
  print(`Metrics known          ${summary.metrics}`);
  print(`Samples stored         ${summary.samplesStored}`);
  print(`Samples read over BLE  ${summary.bleReads}`);
  print(`Batches acknowledged   ${summary.batchesAcknowledged}, with ${summary.samplesAcknowledged} samples`);
}
