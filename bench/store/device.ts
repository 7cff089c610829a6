import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

const IMAGE_MIB = 128;
const SECTOR_BYTES = 512;
/** ext4 commits what waits in its journal so often. */
const COMMIT_MS = 6000;

/** An ext4 file system of its own, whose device counts what is written to it. */
export interface Device extends Disposable {
  readonly directory: string;
  /** Writes out what waits. */
  settle(): void;
  /** Bytes written so far, once the journal has been committed. */
  written(): Promise<number>;
}

/** Undefined where no image can be mounted: that takes root and loop devices. */
export function openDevice(folder: string, blockBytes: number): Device | undefined {
  const image = join(folder, `ext4-${blockBytes}.img`);
  const directory = join(folder, `mount-${blockBytes}`);
  try {
    execFileSync('truncate', ['-s', `${IMAGE_MIB}M`, image]);
    const now = 'lazy_itable_init=0,lazy_journal_init=0';
    execFileSync('mkfs.ext4', ['-q', '-b', String(blockBytes), '-E', now, image], { stdio: 'ignore' });
    mkdirSync(directory);
    execFileSync('mount', ['-o', 'loop,noatime', image, directory], { stdio: 'ignore' });
  } catch {
    return undefined;
  }
  const source = execFileSync('findmnt', ['-n', '-o', 'SOURCE', directory], { encoding: 'utf8' }).trim();
  const statistics = `/sys/block/${basename(source)}/stat`;
  return {
    directory,
    settle: () => void execFileSync('sync', ['-f', directory]),
    async written() {
      await new Promise((done) => setTimeout(done, COMMIT_MS));
      return Number(readFileSync(statistics, 'utf8').trim().split(/\s+/)[6]) * SECTOR_BYTES;
    },
    [Symbol.dispose]: () => void execFileSync('umount', [directory]),
  };
}
