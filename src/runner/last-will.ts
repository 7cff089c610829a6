import type { GatewayId, Logger } from '../domain/index.js';
import { LAST_WILL, MARK, STAYS } from './marks.js';
import { startSurvivor } from './process.js';

export interface LastWillParts {
  readonly gatewayId: GatewayId;
  /** The value of PATH. */
  readonly searchPath: string;
  /** How long a guest that is to be taken over waits for the next gateway. */
  readonly adoptWithinSeconds: number;
  readonly logger: Logger;
}

/** Somebody ended it, or there is no such program: it is tried again, and does not fill the log. */
const AGAIN_AFTER_MS = 60_000;

/**
 * Done when the gateway is gone: its end of the pipe closes, however it ended. What carries its mark is killed; once more
 * a second later, for a monitor that was only being started; and after `$3` seconds also what was to be taken over and was
 * not. The next gateway ends this first, so that it meets none of that one's guests. A shell takes no memory to speak of.
 * `$1`: the mark of what ends with the gateway; `$2`: of everything; each a pattern for a whole entry of the environment.
 */
const SCRIPT = `
trap '' HUP INT TERM
carriers() { grep -lszxE "$1" /proc/[0-9]*/environ; }
end() {
  for file in $(carriers "$1"); do file=\${file%/environ}; kill -KILL "\${file#/proc/}"; done
}
read -r _
end "$1"
sleep 1
end "$1"
[ "$(carriers "$2")" ] || exit
sleep "$3"
end "$2"
`;

/**
 * One small process for all guests that ends them when this one is killed. It is no child of theirs, so no guest's start
 * waits for it. Where it cannot be, that is logged, and guests end with the next gateway's start.
 */
export class LastWill implements AsyncDisposable {
  readonly #parts: LastWillParts;
  #survivor: ReturnType<typeof startSurvivor> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #revoked = false;
  #told = false;

  constructor(parts: LastWillParts) {
    this.#parts = parts;
    this.#write();
  }

  /** Of a gateway that ended its guests itself. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#revoked = true;
    clearTimeout(this.#timer);
    this.#survivor?.kill();
    await this.#survivor?.ended;
  }

  #write(): void {
    const { adoptWithinSeconds, gatewayId, searchPath } = this.#parts;
    const ours = `${MARK}=${gatewayId}-[0-9a-f]+`;
    const args = [ours, `${ours}(${STAYS})?`, String(adoptWithinSeconds)];
    this.#survivor = startSurvivor('/bin/sh', ['-c', SCRIPT, 'perigee-last-will', ...args], {
      // What it needs is there on every Linux, whatever the gateway was told of programs.
      PATH: [searchPath, '/usr/bin', '/bin'].filter((part) => part !== '').join(':'),
      [LAST_WILL]: gatewayId,
    });
    void this.#survivor.ended.then((why) => this.#onEnd(why));
  }

  #onEnd(why: string): void {
    if (this.#revoked) return;
    if (!this.#told) this.#parts.logger.warn({ why }, 'guests would survive this gateway if it were killed');
    this.#told = true;
    this.#timer = setTimeout(() => this.#write(), AGAIN_AFTER_MS).unref();
  }
}
