import type { VmSpec } from '../domain/index.js';
import type { Vm, VmListener } from './monitor.js';
import { startVm, type StartOptions } from './monitors.js';

/** The start of one run's monitor. What it is kept in can be made ahead, and goes if no monitor comes of it. */
export class Starting implements Disposable {
  readonly #optionsFor: (spec: VmSpec) => StartOptions;
  #made: { readonly spec: VmSpec; readonly options: StartOptions } | undefined;

  constructor(optionsFor: (spec: VmSpec) => StartOptions) {
    this.#optionsFor = optionsFor;
  }

  prepare(spec: VmSpec): StartOptions {
    const options = this.#optionsFor(spec);
    this.#made = { spec, options };
    return options;
  }

  start(spec: VmSpec, listener: VmListener): Vm {
    const options = this.#made?.spec === spec ? this.#made.options : this.prepare(spec);
    const vm = startVm(spec, listener, options);
    this.#made = undefined;
    return vm;
  }

  [Symbol.dispose](): void {
    this.#made?.options.cell?.close(undefined, false);
    this.#made = undefined;
  }
}
