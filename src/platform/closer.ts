import { reasonOf, type Logger } from '../domain/index.js';

/** Closes what was opened, the newest first; what fails to close is logged, and the rest is closed all the same. */
export class Closer implements AsyncDisposable {
  readonly #logger: Logger;
  readonly #open: { readonly name: string; readonly close: () => Promise<void> | void }[] = [];

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  add(name: string, close: () => Promise<void> | void): void {
    this.#open.push({ name, close });
  }

  /** Adds a resource and gives it back. */
  use<T extends AsyncDisposable>(name: string, resource: T): T {
    this.add(name, () => Promise.resolve(resource[Symbol.asyncDispose]()));
    return resource;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (let entry = this.#open.pop(); entry; entry = this.#open.pop()) {
      try {
        await entry.close();
      } catch (error) {
        this.#logger.error({ part: entry.name }, `could not be closed: ${reasonOf(error)}`);
      }
    }
  }
}
