import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { openCatalogue, qemuSpec } from '../src/images/index.js';
import { BUILT_IMAGES, hostArchitecture, newRunId } from '../src/platform/index.js';
import { startGatewayProcess, type GatewayProcess } from '../test/support/gateway-process.js';
import { median, quantile, rounded, type BenchOptions, type Figures } from './bench.js';
import { bareGuest, bareResume, processFloor, trigger, wholeCommand, type Trigger } from './boot-ways.js';
import { writeLinuxImage } from './linux-vm/image.js';

const ROUNDS = 60;
const QUICK_ROUNDS = 20;
/** Not counted: they fill the page cache and warm the compiler. */
const WARM_UP = 3;
/** Of slow things, one in so many rounds. */
const SELDOM = 6;

/** Copies of hello: one is always started, one waits before its first instruction, one is booted and waits. */
const COPIES = { cold: '', stopped: 'keptReady: stopped\n', booted: 'keptReady: booted\n' } as const;
type Copy = keyof typeof COPIES;

/**
 * From a request to the first metric of `hello`: cold, from a guest that was kept stopped, and from one that was kept
 * booted, beside the floors, bare QEMU with our argv and our guest, an ordinary Linux VM, and the whole command. Each twice:
 * from the request's arrival, within one process as bare QEMU is measured, and over the gateway's socket there and back.
 * In turn, so that a machine that drifts drifts for all.
 */
export async function bootBench({ quick, say }: BenchOptions): Promise<Figures> {
  const architecture = hostArchitecture();
  const images = mkdtempSync(join(tmpdir(), 'perigee-bench-images-'));
  try {
    const imageBytes = await writeImages(images);
    say('boot: fetches a Linux kernel, if there is none yet');
    const linux = await writeLinuxImage(images, architecture);
    const hello = await openCatalogue(images).get('cold');
    const spec = qemuSpec(hello, '', newRunId(), { architecture, accelerator: 'tcg' });
    await using gateway = await startGatewayProcess({
      ...{ keepRunning: '[]', 'radio.mode': 'off', 'web.enabled': 'false', imagesDirectory: images },
      ...{ 'runner.accelerator': 'tcg', 'runner.warm': '{ stopped: 1, booted: 1 }' },
    });
    const times = new Times();
    const rounds = (quick ? QUICK_ROUNDS : ROUNDS) + WARM_UP;
    for (let round = 0; round < rounds; round += 1) {
      const kept = round >= WARM_UP;
      // Nothing is being made ready while anything is measured.
      for (const copy of ['stopped', 'booted'] as const) await ready(gateway, copy);
      times.add(kept, 'floor', await processFloor(spec));
      times.add(kept, 'bare', await bareGuest(spec));
      times.addTrigger(kept, 'cold', await triggered(gateway, 'cold'));
      times.add(kept, 'resume', await bareResume(spec));
      times.addTrigger(kept, 'warm', await triggered(gateway, 'stopped'));
      times.addTrigger(kept, 'booted', await triggered(gateway, 'booted'));
      if (round % SELDOM === 0) times.add(kept, 'command', await wholeCommand(gateway));
      if (round % SELDOM === 0 && linux !== undefined)
        times.addTrigger(kept, 'linux', await trigger(gateway, linux));
      if (round % 10 === 0) say(`boot: round ${round} of ${rounds}`);
    }
    return {
      coldRatio: rounded(times.median('cold') / times.median('bare')),
      coldMs: times.median('cold'),
      coldP99Ms: times.p99('cold'),
      coldRequestRatio: rounded(times.median('coldRequest') / times.median('bare')),
      coldRequestMs: times.median('coldRequest'),
      bareMs: times.median('bare'),
      floorMs: times.median('floor'),
      warmRatio: rounded(times.median('warm') / times.median('resume')),
      warmMs: times.median('warm'),
      warmP99Ms: times.p99('warm'),
      warmRequestMs: times.median('warmRequest'),
      resumeFloorMs: times.median('resume'),
      bootedMs: times.median('booted'),
      bootedP99Ms: times.p99('booted'),
      bootedRequestMs: times.median('bootedRequest'),
      linuxColdMs: linux === undefined ? 'not measured: no kernel to be had' : times.median('linux'),
      commandMs: times.median('command'),
      ...{ imageBytes, rounds: rounds - WARM_UP, accelerator: 'tcg', architecture },
    };
  } finally {
    rmSync(images, { recursive: true, force: true });
  }
}

class Times {
  readonly #lists = new Map<string, number[]>();

  add(kept: boolean, name: string, ms: number): void {
    if (!kept) return;
    const list = this.#lists.get(name) ?? [];
    list.push(ms);
    this.#lists.set(name, list);
  }

  /** As the gateway saw it, and as who asked for it over the gateway's socket did. */
  addTrigger(kept: boolean, name: string, { ms, withinMs }: Trigger): void {
    this.add(kept, name, withinMs);
    this.add(kept, `${name}Request`, ms);
  }

  median(name: string): number {
    return rounded(median(this.#lists.get(name) ?? []));
  }

  p99(name: string): number {
    return rounded(quantile(this.#lists.get(name) ?? [], 0.99));
  }
}

/** The bytes of one kernel. */
async function writeImages(images: string): Promise<number> {
  for (const [name, more] of Object.entries(COPIES)) {
    cpSync(join(BUILT_IMAGES, 'hello'), join(images, name), { recursive: true });
    const path = join(images, name, 'image.yaml');
    writeFileSync(path, readFileSync(path, 'utf8').replace(/^name: .*$/m, `name: ${name}`) + more);
  }
  cpSync(join(BUILT_IMAGES, 'hello'), join(images, 'hello'), { recursive: true });
  const catalogue = openCatalogue(images);
  return catalogue.verify(await catalogue.get('hello'), hostArchitecture());
}

/** A run of its kind, or an error. */
async function triggered(gateway: GatewayProcess, copy: Copy): Promise<Trigger> {
  const result = await trigger(gateway, copy);
  if (result.startedFrom !== copy) throw new Error(`a run of ${copy} was started ${result.startedFrom}`);
  return result;
}

async function ready({ control }: GatewayProcess, copy: Copy): Promise<void> {
  while ((await control.status()).readyGuests[copy] === undefined) await delay(20);
}
