// Writes an initial RAM disk: a cpio archive in the "newc" format (Linux, Documentation/driver-api/early-userspace).
//
//     archive = entry* trailer        entry = header name NUL pad data pad        pad: NULs up to a multiple of 4
//     header  = "070701" and 13 numbers of 8 hexadecimal digits
import { Buffer } from 'node:buffer';
import { closeSync, lstatSync, openSync, readFileSync, readdirSync, readlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const DIRECTORY = 0o040755;
const LINK = 0o120777;
const EXECUTABLE = 0o100755;
const DEVICE = 0o020600;

export const file = (name, data) => ({ name, mode: EXECUTABLE, data: Buffer.from(data) });
export const folder = (name) => ({ name, mode: DIRECTORY });
export const device = (name, major, minor) => ({ name, mode: DEVICE, device: [major, minor] });

/** What lies at `path`, with all below it, to be found at `name`, with the folders above it. */
export function* treeAt(path, name) {
  for (const { index } of name.matchAll(/\//g)) yield folder(name.slice(0, index));
  yield* below(path, name);
}

function* below(path, name) {
  const stat = lstatSync(path);
  if (stat.isSymbolicLink()) yield { name, mode: LINK, data: Buffer.from(readlinkSync(path)) };
  else if (!stat.isDirectory()) yield file(name, readFileSync(path));
  else {
    yield folder(name);
    for (const child of readdirSync(path)) yield* below(join(path, child), `${name}/${child}`);
  }
}

/** A name that comes twice is written once. */
export function writeArchive(path, entries) {
  const out = openSync(path, 'w');
  const seen = new Set();
  for (const entry of entries) {
    if (seen.has(entry.name)) continue;
    seen.add(entry.name);
    writeSync(out, encode(entry, seen.size));
  }
  writeSync(out, encode({ name: 'TRAILER!!!', mode: 0 }, 0));
  closeSync(out);
}

function encode({ name, mode, data = Buffer.alloc(0), device: [major, minor] = [0, 0] }, inode) {
  const bytes = Buffer.from(`${name}\0`);
  const links = mode === DIRECTORY ? 2 : 1;
  const numbers = [inode, mode, 0, 0, links, 0, data.length, 0, 0, major, minor, bytes.length, 0];
  const header = `070701${numbers.map((number) => number.toString(16).padStart(8, '0')).join('')}`;
  return Buffer.concat([padded(Buffer.concat([Buffer.from(header), bytes])), padded(data)]);
}

const padded = (bytes) => Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)]);
