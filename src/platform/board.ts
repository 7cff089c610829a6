import { readFileSync } from 'node:fs';

/** Of a Raspberry Pi and its like; of a PC, where only root may read it. */
const PLACES = ['/proc/device-tree/serial-number', '/sys/class/dmi/id/product_uuid'];
const SERIAL = /^[\x21-\x7e]{1,64}$/;

/** The number that this board was made with; undefined where it has none, or does not tell. */
export function boardSerial(): string | undefined {
  return PLACES.map(textOf).find((text) => SERIAL.test(text) && !/^[0-]*$/.test(text));
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'latin1').replaceAll('\0', '').trim();
  } catch {
    // No such place on this board, or not for us.
    return '';
  }
}
