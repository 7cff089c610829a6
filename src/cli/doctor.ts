import { createLogger, hostArchitecture } from '../platform/index.js';
import {
  findAccelerator,
  findDataDirectory,
  findGateway,
  findImages,
  findQemu,
  findSensors,
  findTenders,
  type Finding,
} from './findings.js';
import { beaconsOf } from './beacon-findings.js';
import { findRadio, radioOf } from './radio-findings.js';
import { sameData } from './hints.js';
import { findJournal, findSetAside, findStore } from './store-findings.js';
import { configOf, runningGateway, type CommonOptions } from './options.js';
import { paint, print, printJson } from './output.js';

type Env = Readonly<Record<string, string | undefined>>;

const MARKS = {
  ok: paint('green', 'ok  '),
  note: paint('yellow', 'note'),
  fail: paint('red', 'FAIL'),
} as const;

/** Ends with 0 when nothing fails, else with 1, so that monitoring can use it. */
export async function doctor(env: Env, options: CommonOptions): Promise<number> {
  const config = configOf(env, options);
  const architecture = hostArchitecture();
  const running = await runningGateway(env, options)
    .status()
    .catch(() => undefined);
  const findings = [
    findQemu(architecture, config, env['PATH'] ?? ''),
    await findAccelerator(config, architecture, env['PATH'] ?? '', createLogger('silent')),
    findTenders(config, env['PATH'] ?? ''),
    ...(await findImages(config, architecture)),
    findDataDirectory(config),
    ...findJournal(config),
    ...findSetAside(config.dataDirectory),
    ...(await findSensors(createLogger('silent'))),
    ...findRadio(config, running),
    ...(running === undefined ? [] : [radioOf(running.radio), ...beaconsOf(running.nearby)]),
    ...(await findGateway(runningGateway(env, options))),
    ...(await findStore(runningGateway(env, options))),
  ];
  const told = findings.map((finding) => withData(finding, options.data));
  if (options.json) printJson(told);
  else told.forEach(show);
  return findings.some(({ verdict }) => verdict === 'fail') ? 1 : 0;
}

function withData(finding: Finding, data: string | undefined): Finding {
  return finding.cure === undefined ? finding : { ...finding, cure: sameData(finding.cure, data) };
}

function show({ name, verdict, text, cure }: Finding): void {
  print(`${MARKS[verdict]}  ${paint('bold', name)}: ${text}`);
  if (cure !== undefined) print(`      ${cure}`);
}
