import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { PerigeeError, describeLoss } from '../../domain/index.js';
import type { Loss } from '../../domain/index.js';
import { GapFinder, blockHeaders } from '../blocks/block-headers.js';
import { lossOf } from '../blocks/block-store.js';
import { floorsOf } from '../blocks/floors-row.js';
import { find } from '../database/database.js';
import type { Database } from '../database/database.js';
import { isHeld } from '../database/lock.js';
import { stoppedStore } from '../database/stopped-store.js';
import { decodeHeadStarts, decodeIdentity } from '../format/codec.js';
import * as keys from '../format/keys.js';
import { HeadRing, RING_FILE } from '../head/head-ring.js';
import { otherFormat } from '../opening/identity.js';
import { unreadableRows } from '../opening/mend.js';
import { decodeLoss } from '../records/loss-codec.js';
import { holds } from '../records/loss-list.js';
import { decodeRun } from '../records/run-codec.js';
import { checkFiles } from '../salvage/files.js';
import type { Progress, StoreFinding, StoreReport } from '../salvage/finding.js';
import { SILENT, viewDatabase } from '../salvage/view.js';
import { decodeSeries } from '../series/observation-codec.js';
import { agreements } from './agreement.js';
import { readerOf, rowsOfBlock, stepsOf } from './reading.js';
import type { Reading } from './reading.js';

/** Reads everything that is in a stopped store, and changes nothing of it. */
export async function checkStore(directory: string, progress: Progress): Promise<StoreReport> {
  const path = await stoppedStore(directory);
  const files = await checkFiles(path, (done) => progress(FILES_SHARE * done));
  const rest = (done: number): void => progress(FILES_SHARE + (1 - FILES_SHARE) * done);
  const report = await viewDatabase(path, SILENT, (db, folder) =>
    new Check(db, { path, folder }, rest).run(),
  );
  progress(1);
  if (await isHeld(path)) {
    const cure = 'Stop the gateway, and check again.';
    throw new PerigeeError('data-dir-locked', `a gateway was started on ${path} meanwhile`, cure);
  }
  return { ...report, path, findings: [...files, ...report.findings] };
}

/** Of an open database, whose rows it reads in order of their meaning. */
class Check {
  readonly #db: Database;
  readonly #path: string;
  readonly #folder: string;
  readonly #reading: Reading;
  readonly #progress: Progress;
  readonly #findings: StoreFinding[] = [];

  /** The path is what is checked, and the folder what it is seen in. */
  constructor(db: Database, { path, folder }: Record<'path' | 'folder', string>, progress: Progress) {
    this.#db = db;
    this.#path = path;
    this.#folder = folder;
    this.#reading = { db, path: folder, logger: SILENT };
    this.#progress = progress;
  }

  async run(): Promise<Omit<StoreReport, 'path'>> {
    const gatewayId = await this.#identity();
    for (const what of await unreadableRows(this.#db)) this.#add('row', `${what} cannot be read`);
    const epochs = (await this.#db.keys(keys.rangeOf('epoch')).all()).length;
    const series = await this.#series();
    const blocks = await this.#blocks(series);
    const rollupsCompared = await this.#rollups();
    const runs = await this.#runs();
    const inHeadLog = gatewayId === undefined ? 0 : await this.#headLog();
    const counts = { epochs, series: series.size, runs, inHeadLog, rollupsCompared, ...blocks };
    return { ...counts, ...(gatewayId === undefined ? {} : { gatewayId }), findings: this.#findings };
  }

  #add(about: StoreFinding['about'], text: string, loss?: Loss): void {
    this.#findings.push({ about, text, ...(loss === undefined ? {} : { loss }) });
  }

  async #identity(): Promise<string | undefined> {
    const bytes = await find(this.#db, keys.IDENTITY_KEY);
    const read = bytes && decodeIdentity(bytes);
    if (read?.kind === 'ours') return read.identity.gatewayId;
    // What is sound in another format looks damaged in this one.
    if (read !== undefined) throw otherFormat(this.#path, read.format);
    this.#add('identity', 'nothing says whose store it is');
    return undefined;
  }

  /** Numbers are given in order, so that one that is missing is lost. */
  async #series(): Promise<ReadonlySet<number>> {
    const known = new Set<number>();
    for await (const [key, value] of this.#db.iterator(keys.rangeOf('series'))) {
      const id = keys.idOfKey(key);
      if (decodeSeries(value) === undefined) this.#add('series', `the name of series ${id} cannot be read`);
      else known.add(id);
    }
    const most = Math.max(0, ...known);
    for (let id = 1; id <= most; id += 1) if (!known.has(id)) this.#add('series', `series ${id} has no name`);
    return known;
  }

  async #blocks(
    series: ReadonlySet<number>,
  ): Promise<Pick<StoreReport, 'observations' | 'samples' | 'span'>> {
    const finder = new GapFinder((await floorsOf(this.#db)).of('raw'));
    const reader = await readerOf(this.#reading, 'raw');
    const losses = await this.#db.values(keys.rangeOf('loss')).all();
    const recorded = losses.flatMap((bytes) => decodeLoss(bytes) ?? []);
    const unnamed = new Set<number>();
    const all = (await this.#db.keys(keys.rangeOf('block')).all()).length;
    let [observations, samples, blocks] = [0, 0, 0];
    let [fromMs, toMs] = [Infinity, -Infinity];
    for await (const found of blockHeaders(this.#db)) {
      const { place, header } = found;
      blocks += 1;
      if (blocks % PROGRESS_BLOCKS === 0) this.#progress(BLOCKS_SHARE * (blocks / all));
      const gap = finder.next(found);
      const isKnown = gap && recorded.some((loss) => holds(loss, gap));
      if (gap !== undefined && isKnown !== true) this.#lost({ reason: 'damaged', ...gap });
      if (header === undefined) {
        this.#add('observations', `the header of block ${place.epoch}/${place.sequence} is damaged`);
        continue;
      }
      observations += header.observations;
      fromMs = Math.min(fromMs, header.wallMs.least);
      toMs = Math.max(toMs, header.wallMs.most);
      for (const { seriesIds, observations: rows } of header.shapes) {
        samples += rows * seriesIds.length;
        for (const id of seriesIds) if (!series.has(id)) unnamed.add(id);
      }
      if ((await rowsOfBlock(reader, place)) === undefined) this.#lost(lossOf(place, header));
    }
    for (const id of unnamed) this.#add('series', `series ${id} is in blocks, and has no name`);
    return { observations, samples, ...(observations === 0 ? {} : { span: { fromMs, toMs } }) };
  }

  #lost(loss: Loss): void {
    this.#add('observations', describeLoss(loss), loss);
  }

  async #rollups(): Promise<number> {
    let compared = 0;
    for await (const step of stepsOf(this.#reading)) {
      for await (const { place, verdict } of agreements(step)) {
        if (verdict !== 'unknown') compared += 1;
        const where = `${step.resolution} behind ${place.epoch}/${place.sequence}`;
        if (verdict === 'damaged') this.#add('roll-ups', `${where} cannot be read`);
        if (verdict === 'differs') this.#add('roll-ups', `${where} are not what was measured`);
      }
    }
    return compared;
  }

  async #runs(): Promise<number> {
    let count = 0;
    for await (const [key, value] of this.#db.iterator(keys.rangeOf('run'))) {
      count += 1;
      const journaled = decodeRun(value);
      const id = new TextDecoder().decode(key.subarray(1));
      if (journaled === undefined) this.#add('runs', `the record of run ${id} cannot be read`);
      else if ((await find(this.#db, keys.runByBirthKeyOf(journaled.born))) === undefined)
        this.#add('runs', `run ${id} is in no list`);
    }
    return count;
  }

  async #headLog(): Promise<number> {
    const header = await HeadRing.peek(this.#folder);
    const bytes = await find(this.#db, keys.IDENTITY_KEY);
    const read = bytes && decodeIdentity(bytes);
    const starts = await find(this.#db, keys.HEAD_KEY);
    if (header === undefined) {
      // A store that was restored, and not opened since, has none and wants none.
      if (starts !== undefined || existsSync(join(this.#folder, RING_FILE)))
        this.#add('head log', 'there is none, or it cannot be read');
      return 0;
    }
    const { gatewayId, opening } = header;
    if (read?.kind === 'ours' && gatewayId !== undefined && gatewayId !== read.identity.gatewayId)
      this.#add('head log', `it belongs to gateway ${gatewayId}`);
    if (read?.kind === 'ours' && (opening?.epoch ?? 0) > read.identity.epoch)
      this.#add(
        'identity',
        `the database is older than its head log: start ${read.identity.epoch} of ${opening?.epoch ?? 0}`,
      );
    const card = starts && decodeHeadStarts(starts)?.card;
    return card === undefined ? 0 : HeadRing.countBehind(this.#folder, card);
  }
}

const PROGRESS_BLOCKS = 100;
/** Of the time that the database takes; the rest is for roll-ups. */
const BLOCKS_SHARE = 0.8;
/** Of the time of all: files are read fast. */
const FILES_SHARE = 0.3;
