import { statSync } from 'node:fs';
import type { Logger } from '../domain/index.js';

/** A look costs microseconds; a person who removed the wrong folder should learn of it while it is fresh. */
const LOOK_EVERY_MS = 2000;

export interface DirectoryWatch extends AsyncDisposable {
  /** What is written now is lost at the latest when the gateway ends. */
  readonly gone: boolean;
  /** Begins to look, once the socket is there. */
  start(): void;
}

/**
 * Notices that the data directory was removed or replaced under a running gateway: the database goes on writing into
 * files that have no name any more, and no error tells. The control socket stands for the directory.
 */
export function watchDirectory(controlSocket: string, logger: Logger): DirectoryWatch {
  let gone = false;
  let timer: NodeJS.Timeout | undefined;
  const look = (inode: number | undefined): void => {
    if (gone || inodeOf(controlSocket) === inode) return;
    gone = true;
    logger.error(
      { controlSocket },
      'the data directory was removed: what is measured now is lost; start the gateway again',
    );
  };
  return {
    get gone() {
      return gone;
    },
    start() {
      const inode = inodeOf(controlSocket);
      timer = setInterval(() => look(inode), LOOK_EVERY_MS);
    },
    [Symbol.asyncDispose]() {
      clearInterval(timer);
      return Promise.resolve();
    },
  };
}

function inodeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.ino;
}
