import type { Write } from './writer.js';

/** Counts what is given to the database. */
export class WriteMeter {
  #givenBytes = 0;

  get givenBytes(): number {
    return this.#givenBytes;
  }

  over(write: Write): Write {
    return async (operations, options) => {
      await write(operations, options);
      for (const operation of operations)
        this.#givenBytes += operation.key.length + (operation.type === 'put' ? operation.value.length : 0);
    };
  }
}
