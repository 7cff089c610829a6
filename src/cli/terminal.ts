/** A screen of our own, which leaves what was there before as it was. */
export interface Screen extends Disposable {
  /** Each no wider than the terminal. */
  draw(lines: readonly string[]): void;
}

/** Control sequences of xterm: another screen, and no cursor. */
const ENTER = '\x1b[?1049h\x1b[?25l';
const LEAVE = '\x1b[?25h\x1b[?1049l';
const HOME = '\x1b[H';
const REST_OF_LINE = '\x1b[K';
const REST_OF_SCREEN = '\x1b[J';

/** Keys come one by one, unseen; the terminal is given back when this is disposed. */
export function openScreen(onKey: (key: string) => void, onResize: () => void): Screen {
  const { stdin, stdout } = process;
  const heard = (keys: Buffer): void => {
    for (const key of keys.toString()) onKey(key);
  };
  if (stdin.isTTY) {
    stdin.setRawMode(true);
    stdin.on('data', heard);
  }
  stdout.on('resize', onResize);
  stdout.write(ENTER);
  return {
    draw(lines) {
      const text = lines.map((line) => `${line}${REST_OF_LINE}`).join('\r\n');
      stdout.write(`${HOME}${text}${REST_OF_SCREEN}`);
    },
    [Symbol.dispose]() {
      stdout.off('resize', onResize);
      if (stdin.isTTY) {
        stdin.off('data', heard);
        stdin.setRawMode(false);
        stdin.pause();
      }
      stdout.write(LEAVE);
    },
  };
}
