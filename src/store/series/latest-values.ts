import type { RunId } from '../../domain/index.js';

/** The newest value of each series, by its number. */
export class LatestValues {
  readonly #values: number[] = [];
  readonly #wallMs: number[] = [];
  readonly #runIds: (RunId | undefined)[] = [];
  readonly #notes: number[] = [];
  #noted = 0;
  #taken = 0;

  note(id: number, value: number, wallMs: number, runId: RunId | undefined): void {
    // Ids count from 1 without a gap: what lies between is filled, so that the arrays stay dense.
    while (this.#notes.length <= id) {
      this.#values.push(NaN);
      this.#wallMs.push(0);
      this.#runIds.push(undefined);
      this.#notes.push(0);
    }
    this.#values[id] = value;
    this.#wallMs[id] = wallMs;
    this.#runIds[id] = runId;
    this.#noted += 1;
    this.#notes[id] = this.#noted;
  }

  of(id: number): { readonly value: number; readonly wallMs: number; readonly runId?: RunId } {
    const time = { value: this.#values[id] ?? NaN, wallMs: this.#wallMs[id] ?? 0 };
    const runId = this.#runIds[id];
    return runId === undefined ? time : { ...time, runId };
  }

  ids(): number[] {
    return this.#notedBehind(0);
  }

  get noted(): number {
    return this.#noted;
  }

  /** Those noted since `taken` was told. */
  changed(): number[] {
    return this.#notedBehind(this.#taken);
  }

  taken(noted: number): void {
    this.#taken = noted;
  }

  #notedBehind(note: number): number[] {
    const ids: number[] = [];
    for (const [id, noted] of this.#notes.entries()) if (noted > note) ids.push(id);
    return ids;
  }
}
