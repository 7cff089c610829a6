import { totalmem } from 'node:os';
import type { Config } from '../config/index.js';
import { PerigeeError, isEnded, type Architecture } from '../domain/index.js';
import {
  draftImage,
  openAddedImages,
  signManifest,
  signingKey,
  type Draft,
  type Said,
} from '../images/index.js';
import { addedImages, hostArchitecture } from '../platform/index.js';
import { withGateway } from './any-gateway.js';
import { bootOnce, type Boot } from './boot-once.js';
import { wholeCatalogueOf } from './catalogue.js';
import { describeLooked } from './images-inspect.js';
import { sameData } from './hints.js';
import { configOf, type CommonOptions } from './options.js';
import { describeState, formatSample, formatValue, paint, print, printJson, remark } from './output.js';
import { onRequestToEnd } from './signals.js';

type Env = Readonly<Record<string, string | undefined>>;

export interface AddOptions extends CommonOptions, Pick<Said, SameWord> {
  readonly arch?: Architecture;
  readonly memory?: number;
  readonly readyWithin?: number;
  readonly tap?: Readonly<Record<string, string>>;
  readonly network?: true;
  /** Of a private key to sign it with. */
  readonly key?: string;
  /** Although it did not boot. */
  readonly keep?: true;
  /** One that was added under the same name. */
  readonly replace?: true;
}

type SameWord = 'name' | 'flavour' | 'vcpus' | 'args' | 'disk' | 'initrd' | 'description' | 'readyText';

/** Adds what was found to boot. Ends with 0 when it is there, else with why not, and then nothing is left of it. */
export async function add(env: Env, path: string, options: AddOptions): Promise<number> {
  const config = configOf(env, options);
  const ending = new AbortController();
  onRequestToEnd(() => ending.abort());
  const board = { architecture: hostArchitecture(), memoryMib: Math.floor(totalmem() / 2 ** 20) };
  const draft = await draftImage(path, saidIn(options), board);
  const say = options.json ? remark : print;
  describeDraft(draft).forEach(say);
  const replaces = await needName(config, draft, options);

  const { image } = draft;
  const added = openAddedImages(addedImages(config.dataDirectory));
  const signature =
    options.key === undefined
      ? draft.signature
      : signManifest(Buffer.from(draft.text), signingKey(options.key));
  const pending = await added.begin(
    {
      ...{ name: image.name, manifest: draft.text, files: draft.files },
      ...(signature === undefined ? {} : { signature }),
      ...(options.replace ? { replaces: true } : {}),
    },
    ending.signal,
  );
  let kept = false;
  try {
    say(`Booting it once, ready within ${formatValue(image.readyWithinMs / 1000, 'seconds')}…`);
    const boot = await withGateway(env, options, config, (control) =>
      bootOnce(control, image.name, ending.signal),
    );
    describeBoot(boot).forEach(say);
    if (!boot.ok && (options.keep === undefined || ending.signal.aborted)) throw notBooted(draft, boot);
    await pending.publish();
    kept = true;
    tell(draft, boot, replaces, options);
    return 0;
  } finally {
    if (!kept) await pending.discard();
  }
}

function saidIn(options: AddOptions): Said {
  const { arch, args, description, disk, flavour, initrd } = options;
  const { memory, name, network, readyText, readyWithin, tap, vcpus } = options;
  const said = {
    ...{ architecture: arch, args, description, disk, flavour, initrd },
    ...{ memoryMib: memory, name, readyText, readyWithinMs: readyWithin, vcpus, taps: tap },
    network: network && 'metrics',
  };
  return Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined));
}

/** Whether it is that of an image that is to be replaced. One that comes with Perigee is not: the added one would hide it. */
async function needName(
  config: Config,
  { image: { name } }: Draft,
  { replace }: AddOptions,
): Promise<boolean> {
  const catalogue = wholeCatalogueOf(config);
  if (!(await catalogue.list()).images.some((image) => image.name === name)) return false;
  const { added } = await catalogue.entry(name);
  if (added && replace) return true;
  const cure = `Give another --name${added ? ', or put this one in its place: --replace' : '.'}`;
  throw new PerigeeError('image-in-use', `there is an image ${name} already`, cure);
}

function describeDraft({ composed, looked }: Draft): readonly string[] {
  const files = [looked.kernel, looked.initrd, looked.disk].filter((file) => file !== undefined);
  const { architecture, flavour, memoryMib, name, why } = composed;
  return [
    ...files.flatMap(describeLooked),
    `${paint('bold', name)}: ${flavour} (${why}) for ${architecture}, with ${memoryMib} MiB`,
  ];
}

function describeBoot({ firstLine, firstSample, run }: Boot): readonly string[] {
  const phases = (Object.entries(run.boot) as [string, number][])
    .map(([phase, ms]) => `${phase.replace(/Ms$/, '')} ${formatValue(ms, 'milliseconds')}`)
    .join(', ');
  return [
    `  end            ${describeState(run)}`,
    `  phases         ${phases}`,
    ...(firstLine === undefined ? [] : [`  first line     ${firstLine}`]),
    ...(firstSample ? [`  first metric   ${formatSample(firstSample)}`] : []),
    ...(run.footprint ? [`  peak RSS       ${formatValue(run.footprint.peakRssBytes, 'bytes')}`] : []),
    `  accelerator    ${run.accelerator}`,
  ];
}

function notBooted({ image }: Draft, { run }: Boot): PerigeeError {
  const { state } = run;
  const reason = state.kind === 'ended' ? state.reason.kind : undefined;
  const how = `${image.name} was not added: it ${isEnded(run) ? describeState(run) : 'did not end'}`;
  if (reason === 'host-refused') {
    return new PerigeeError(
      'run-refused',
      how,
      'See what is missing: perigee doctor; --keep adds it all the same.',
    );
  }
  const ready = reason === 'never-ready' ? 'Say with --ready-text what it prints when it is ready. ' : '';
  const cure = `${ready}See what it printed: perigee logs ${run.id}; --keep adds it all the same.`;
  return new PerigeeError('run-failed', how, cure);
}

function tell(draft: Draft, boot: Boot, replaces: boolean, options: AddOptions): void {
  const { composed, files, looked } = draft;
  if (options.json) return printJson({ ...composed, ...looked, files, boot, replaces });
  const although = boot.ok ? '' : ', although it did not boot well';
  const how = replaces ? 'Replaced' : 'Added';
  print(
    `${how} ${composed.name}${although}. ${sameData(`Start it: perigee run ${composed.name}`, options.data)}`,
  );
  if (replaces) print('Runs of the one before go on with its files, to their end.');
}
