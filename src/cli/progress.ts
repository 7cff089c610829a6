import { remark } from './output.js';

/** In a log, where a line cannot be drawn over. */
const LINE_EVERY = 0.25;

/** Shows how much of some long work is done, from 0 to 1: on a terminal in one line, else in a few. */
export function progressBar(work: string): (done: number) => void {
  let shown = -1;
  return (done) => {
    if (process.stderr.isTTY) {
      process.stderr.write(`\r${work} … ${Math.floor(done * 100)} %${done >= 1 ? '\n' : ''}`);
      return;
    }
    if (Math.floor(done / LINE_EVERY) === shown) return;
    shown = Math.floor(done / LINE_EVERY);
    remark(`${work} … ${Math.floor(done * 100)} %`);
  };
}
