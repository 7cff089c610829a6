import { basename, dirname, join } from 'node:path';
import type { RunId } from '../domain/index.js';

/** What lies where in a data directory; the store keeps to the folder `store`. */
export function controlSocket(dataDirectory: string): string {
  return join(dataDirectory, 'perigee.sock');
}

/** Where a virtual radio lets phones of other processes in. */
export function airSocket(dataDirectory: string): string {
  return join(dataDirectory, 'air.sock');
}

/** The consoles of runs, a file each. */
export function consoleDirectory(dataDirectory: string): string {
  return join(dataDirectory, 'logs');
}

/** A folder of a run's own, while it lives. */
export function runFolder(dataDirectory: string, run: RunId): string {
  return join(runFolders(dataDirectory), run);
}

/** Where they all are. */
export function runFolders(dataDirectory: string): string {
  return join(dataDirectory, 'runs');
}

/** The database of the demo's own backend. */
export function demoBackendDirectory(dataDirectory: string): string {
  return join(dataDirectory, 'backend');
}

/** What the accelerator's trial found, until the next boot. */
export function acceleratorNote(dataDirectory: string): string {
  return join(dataDirectory, 'accelerator.json');
}

/** What a phone said of the time, until the next boot. */
export function clockNote(dataDirectory: string): string {
  return join(dataDirectory, 'clock.json');
}

/** The images that were added to this data directory. */
export function addedImages(dataDirectory: string): string {
  return join(dataDirectory, 'images');
}

/** What a backup has beside the store; the rest lives no longer than the gateway, or is found out again. */
export const BACKED_UP_FOLDERS: readonly string[] = [
  addedImages(''),
  consoleDirectory(''),
  dirname(identityKeyFile('')),
].map((folder) => basename(folder));

/** What phones know the gateway by: a gateway that was restored is the same to them. */
export function identityKeyFile(dataDirectory: string): string {
  return join(dataDirectory, 'keys', 'session.pem');
}

/** How far the encrypted advertisements have counted: in the folder of the keys, and so in every backup. */
export function bthomeCounterFile(dataDirectory: string): string {
  return join(dataDirectory, 'keys', 'bthome-counter.json');
}

/** The key of the phone on the command line, and the gateways that it knows. */
export function phoneBookFile(dataDirectory: string): string {
  return join(dataDirectory, 'phone.json');
}
