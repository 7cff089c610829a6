import type { TransferNews } from '../nearby/index.js';
import { formatSpan, formatValue, remark } from './output.js';

/** Of a terminal's line, while a transfer goes on. */
const SHOWN_EVERY_MS = 200;
const REST_OF_LINE = '\x1b[K';
/** Below this, a person has not begun to wait. */
const WORTH_TELLING_MS = 2000;

/** Shows how a transfer goes on: on a terminal in one line, and what went wrong in a line of its own anywhere. */
export class TransferMeter {
  readonly #range: { readonly fromMs: number; readonly toMs: number };
  readonly #nowMs: () => number;
  readonly #beganMs: number;
  #shownMs = -Infinity;
  /** Of snapshots that are whole, and of the one that is under way. */
  #before = 0;
  #bytes = 0;
  #snapshots = 0;
  #lost = 0;
  /** Of the range: what of it is there. */
  #untilMs: number;

  constructor(range: { readonly fromMs: number; readonly toMs: number }, nowMs: () => number) {
    this.#range = range;
    this.#nowMs = nowMs;
    this.#beganMs = nowMs();
    this.#untilMs = range.fromMs;
  }

  readonly tell = (news: TransferNews): void => {
    this.#bytes = news.bytes;
    if (news.kind === 'received') this.#show(news.size);
    else {
      this.#lost += 1;
      this.#clear();
      remark(
        `After ${bytesText(this.#before + news.bytes)}: ${news.reason}; going on as soon as it is back.`,
      );
    }
  };

  /** A snapshot is whole: up to this moment all is there. */
  fetched(untilMs: number): void {
    this.#before += this.#bytes;
    this.#bytes = 0;
    this.#snapshots += 1;
    this.#untilMs = untilMs;
  }

  end(): void {
    this.#clear();
    const tookMs = this.#nowMs() - this.#beganMs;
    if (!process.stderr.isTTY && this.#lost === 0 && tookMs < WORTH_TELLING_MS) return;
    const lost = this.#lost === 0 ? '' : `, over ${this.#lost + 1} connections`;
    const snapshots = this.#snapshots === 1 ? '' : ` in ${this.#snapshots} snapshots`;
    remark(
      `Fetched ${bytesText(this.#before)}${snapshots} in ${formatSpan(tookMs)} (${this.#rate(tookMs)})${lost}.`,
    );
  }

  #show(size: number): void {
    const nowMs = this.#nowMs();
    if (!process.stderr.isTTY || nowMs - this.#shownMs < SHOWN_EVERY_MS) return;
    this.#shownMs = nowMs;
    const tookMs = nowMs - this.#beganMs;
    const there = this.#before + this.#bytes;
    const leftMs = (tookMs * this.#bytesLeft(size)) / Math.max(1, there);
    const left = there === 0 ? '' : `, ${this.#rate(tookMs)}, ${formatSpan(leftMs)} left`;
    const line = `${bytesText(there)} of ${bytesText(this.#before + size)}${left}`;
    process.stderr.write(`\r${line}${REST_OF_LINE}`);
  }

  /** Of the first snapshot; once that is there, of the range, if all of it has as much. */
  #bytesLeft(size: number): number {
    const { fromMs, toMs } = this.#range;
    const later = (this.#before * (toMs - this.#untilMs)) / Math.max(1, this.#untilMs - fromMs);
    return Math.max(size, later) - this.#bytes;
  }

  #rate(tookMs: number): string {
    return `${bytesText(((this.#before + this.#bytes) * 1000) / Math.max(1, tookMs))}/s`;
  }

  #clear(): void {
    if (process.stderr.isTTY) process.stderr.write(`\r${REST_OF_LINE}`);
  }
}

function bytesText(bytes: number): string {
  return formatValue(bytes, 'bytes');
}
