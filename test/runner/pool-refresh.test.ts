import assert from 'node:assert/strict';
import { after, before, describe, it, mock } from 'node:test';
import { parseImageName, type Image } from '../../src/domain/index.js';
import { parseManifest, qemuSpec } from '../../src/images/index.js';
import { newRunId } from '../../src/platform/index.js';
import type { MonitorExit } from '../../src/runner/lifecycle.js';
import type { Vm } from '../../src/runner/monitor.js';
import { createPool, type WarmPool } from '../../src/runner/pool.js';
import { SILENT } from '../support/loggers.js';

const NAME = parseImageName('a');
const HOST = { architecture: 'x86_64', accelerator: 'tcg' } as const;
const HALF_A_MINUTE = 30_000;

function imageOf(version: string): Image {
  const kernel = `kernels: { x86_64: { file: kernel, sha256: ${'f'.repeat(64)} } }`;
  const lines = ['name: a', `version: "${version}"`, 'flavour: raw', 'memoryMib: 4', kernel];
  return parseManifest(lines.join('\n'), '/images/a');
}

/** A pool of one guest without a process, and what becomes of its guests. */
class World {
  image: Image | undefined = imageOf('1');
  readonly log: string[] = [];
  readonly pool: WarmPool = createPool({
    reserve: () => ({ [Symbol.dispose]: () => undefined }),
    prepare: (_name, slot) => {
      const { image } = this;
      if (!image) return Promise.reject(new Error('there is none'));
      const key = { image, args: '', accelerator: 'tcg' } as const;
      const spec = qemuSpec(image, '', slot, HOST);
      return Promise.resolve({ way: 'stopped', spec, key, imageBytes: 1, readyWithinMs: 1000 });
    },
    current: () => Promise.resolve(this.image),
    startVm: (_spec, listener) => {
      const version = this.image?.version ?? '';
      this.log.push(`starts ${version}`);
      queueMicrotask(() => listener.event({ kind: 'greeting', version: '1' }));
      return this.#vm(version);
    },
    ...{ practiceFrame: new Uint8Array(), startFrame: new Uint8Array(), newSlot: newRunId },
    ...{ budgetMib: 64, logger: SILENT },
  });

  #vm(version: string): Vm {
    let end: (exit: MonitorExit & { readonly missing: boolean }) => void = () => undefined;
    const exited = new Promise<MonitorExit & { readonly missing: boolean }>((done) => (end = done));
    const kill = (): void => {
      this.log.push(`ends ${version}`);
      end({ code: undefined, signal: 'SIGKILL', stderr: '', missing: false });
    };
    return { processId: undefined, kill, exited };
  }

  async pass(ms: number): Promise<void> {
    mock.timers.tick(ms);
    for (let turn = 0; turn < 5; turn += 1) await new Promise((done) => setImmediate(done));
  }
}

describe('a guest that is kept ready, of an image that is', () => {
  before(() => mock.timers.enable({ apis: ['setTimeout'] }));
  after(() => mock.timers.reset());

  async function warmed(): Promise<World> {
    const world = new World();
    world.pool.want(new Map([[NAME, 1]]));
    await world.pass(0);
    assert.equal(world.pool.ready().get(NAME), 1);
    return world;
  }

  it('as it was stays', async () => {
    const world = await warmed();
    world.image = imageOf('1');
    await world.pass(HALF_A_MINUTE);
    await world.pass(HALF_A_MINUTE);
    assert.deepEqual(world.log, ['starts 1']);
    await world.pool[Symbol.asyncDispose]();
  });

  it('replaced makes room for one of the new', async () => {
    const world = await warmed();
    world.image = imageOf('2');
    await world.pass(HALF_A_MINUTE);
    assert.deepEqual(world.log, ['starts 1', 'ends 1', 'starts 2']);
    assert.equal(world.pool.ready().get(NAME), 1);
    await world.pool[Symbol.asyncDispose]();
  });

  it('removed is let go, and there is one again when the image is back', async () => {
    const world = await warmed();
    world.image = undefined;
    await world.pass(HALF_A_MINUTE);
    assert.deepEqual(world.log, ['starts 1', 'ends 1']);
    world.image = imageOf('1');
    await world.pass(1000);
    assert.equal(world.pool.ready().get(NAME), 1);
    await world.pool[Symbol.asyncDispose]();
  });
});
