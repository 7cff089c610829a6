import { find } from '../database/database.js';
import type { Database } from '../database/database.js';
import { FLOORS_KEY } from '../format/keys.js';
import { decodeFloors } from './floors.js';
import type { Floors } from './floors.js';

export async function floorsOf(db: Database): Promise<Floors> {
  return decodeFloors(await find(db, FLOORS_KEY));
}
