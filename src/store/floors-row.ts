import { find } from './database.js';
import type { Database } from './database.js';
import { decodeFloors } from './floors.js';
import type { Floors } from './floors.js';
import { FLOORS_KEY } from './keys.js';

export async function floorsOf(db: Database): Promise<Floors> {
  return decodeFloors(await find(db, FLOORS_KEY));
}
