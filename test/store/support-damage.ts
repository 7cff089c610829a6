import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { Level } from 'level';
import { BEFORE_EVERYTHING } from '../../src/domain/index.js';
import type { Clock, Logger, RunRecord, Store, StoredObservation } from '../../src/domain/index.js';
import { BLOCK_US } from '../../src/store/appender.js';
import { openLevelStore } from '../../src/store/index.js';
import { SILENT } from '../support/loggers.js';
import { tempFolder } from '../support/temp.js';
import { collect, run, values } from './support-store.js';

export const folder = tempFolder('damage');
export const EPOCHS = 4;
export const BLOCKS = 3;
const IN_A_BLOCK = 40;

let us = 0;
export const clock: Clock = { monotonicUs: () => us, wallMs: () => 1_700_000_000_000 };

/** What is appended is on the card at once, in the head log. */
const SOON = 0.001;

export function open(directory: string, logger: Logger = SILENT): Promise<Store> {
  return openLevelStore({ directory, clock, logger, powerCutSeconds: SOON });
}

export const everything = (store: Store): Promise<readonly StoredObservation[]> =>
  collect(store.read(BEFORE_EVERYTHING, 1e6));

/** Some epochs of some blocks, with runs between them: LevelDB has several tables and a log of it. */
export async function used(): Promise<string> {
  const directory = mkdtempSync(join(folder, 'data-'));
  for (let epoch = 1; epoch <= EPOCHS; epoch += 1) {
    await using store = await open(directory);
    for (let at = 1; at <= BLOCKS * IN_A_BLOCK; at += 1) {
      if (at % IN_A_BLOCK === 0) {
        await setTimeout(10);
        us += BLOCK_US;
      }
      await store.append(values(at, { a: at * epoch, [`only-${epoch}`.replace('-', '_')]: at / 7 }));
    }
    await store.put(ended(epoch));
    await store.setCursor('sync', { epoch, sequence: 7 });
  }
  return directory;
}

export function ended(number: number): RunRecord {
  return run(String(number), number, { state: { kind: 'ended', reason: { kind: 'completed' } } });
}

export const template = await used();

export function damaged(damage: (store: string) => void): string {
  const directory = mkdtempSync(join(folder, 'data-'));
  cpSync(template, directory, { recursive: true });
  damage(join(directory, 'store'));
  return directory;
}

export const setAside = (directory: string): readonly string[] =>
  readdirSync(directory).filter((name) => name.startsWith('store.damaged-'));

type Damage = (store: string) => void;

/** All of it but the names of files. */
export const noise =
  (name: string, from: number, to: number): Damage =>
  (store) => {
    const bytes = readFileSync(join(store, name));
    bytes.fill(0x5a, Math.floor(bytes.length * from), Math.ceil(bytes.length * to));
    writeFileSync(join(store, name), bytes);
  };
export const without =
  (name: string): Damage =>
  (store) =>
    rmSync(join(store, name));

/** Changes rows behind the store's back. */
export async function withRow(key: Uint8Array, value: string | undefined): Promise<string> {
  const directory = damaged(() => undefined);
  const db = new Level<Uint8Array, string>(join(directory, 'store'), { keyEncoding: 'view' });
  await (value === undefined ? db.del(key) : db.put(key, value));
  await db.close();
  return directory;
}
