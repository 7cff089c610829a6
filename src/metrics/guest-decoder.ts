import { perigee } from '@perigee/proto';
import { isImageName, reasonOf } from '../domain/index.js';
import type { GuestDecoder, GuestEvent, ImageName } from '../domain/index.js';
import { FrameSplitter } from './frames.js';
import { Vocabulary, echo } from './vocabulary.js';

const PROTOCOL = 1;
/** Printable ASCII, as long as a version can sensibly be. */
const VERSION = /^[ -~]{0,32}$/;

interface GuestDecoderOptions {
  /** The image as the gateway knows it: the label of every series. What the guest calls itself is not trusted. */
  readonly image: ImageName;
}

/**
 * Parses one guest's channel. A frame that breaks a rule is one `bad-frame` event and nothing else; a stream that
 * cannot be followed (it does not begin with a Hello of this protocol, a length is broken, frames come behind Done)
 * is one `bad-frame` event, and the decoder is deaf from then on. Events are in proportion to the chunk, the state
 * to METRICS_MAX.
 */
export function createGuestDecoder(options: GuestDecoderOptions): GuestDecoder {
  return new Decoder(options.image);
}

/** `open` is the one state in which metrics are taken. */
type Phase = 'before-hello' | 'open' | 'done' | 'deaf';

class Decoder implements GuestDecoder {
  readonly #frames = new FrameSplitter();
  readonly #vocabulary: Vocabulary;
  #phase: Phase = 'before-hello';

  constructor(image: ImageName) {
    this.#vocabulary = new Vocabulary(image);
  }

  push(chunk: Uint8Array): readonly GuestEvent[] {
    const events: GuestEvent[] = [];
    if (this.#phase === 'deaf') return events;
    for (const split of this.#frames.push(chunk)) {
      const event = split.kind === 'broken' ? this.#turnDeaf(split.detail) : this.#take(split.bytes);
      if (event !== undefined) events.push(event);
      if (this.#isDeaf()) break;
    }
    return events;
  }

  #take(bytes: Uint8Array): GuestEvent | undefined {
    const frame = parse(bytes);
    switch (this.#phase) {
      case 'before-hello':
        return this.#greet(frame);
      case 'open':
        return this.#takeOpen(frame);
      case 'done':
        return this.#turnDeaf('the guest went on after it had said that it was done');
      case 'deaf':
        return undefined;
    }
  }

  #greet(frame: ParsedFrame): GuestEvent {
    if (frame.body !== 'hello') return this.#turnDeaf('the first frame is no Hello');
    const protocol = frame.hello.protocol ?? 0;
    const image = frame.hello.image ?? '';
    const version = frame.hello.version ?? '';
    if (protocol !== PROTOCOL) {
      return this.#turnDeaf(`the guest speaks protocol ${protocol}, and this gateway ${PROTOCOL}`);
    }
    if (!isImageName(image))
      return this.#turnDeaf(`the guest calls itself ${echo(image)}, which is no image name`);
    if (!VERSION.test(version)) return this.#turnDeaf(`${echo(version)} is no version of an image`);
    this.#phase = 'open';
    return { kind: 'hello', image, version, protocol };
  }

  #takeOpen(frame: ParsedFrame): GuestEvent | undefined {
    switch (frame.body) {
      case 'hello':
        return bad('a second Hello');
      case 'declare': {
        const refused = this.#vocabulary.declare(frame.declare);
        return refused && bad(refused.fault);
      }
      case 'report':
        return this.#report(frame.report);
      case 'done':
        this.#phase = 'done';
        return { kind: 'done', status: frame.done.status ?? 0 };
      case 'malformed':
        return bad(frame.detail);
      case undefined:
        // A body that a newer guest knows, and that it can do without.
        return undefined;
    }
  }

  #report(report: perigee.v1.Report.$Properties): GuestEvent {
    const guestUs = report.guestUs ?? 0;
    const windowEndUs = report.windowEndUs ?? 0;
    if (!Number.isSafeInteger(guestUs) || !Number.isSafeInteger(windowEndUs))
      return bad('a report has an absurd time');
    const values = this.#vocabulary.read(report.values ?? []);
    return 'fault' in values ? bad(values.fault) : { kind: 'report', ...values, windowEndUs, guestUs };
  }

  #turnDeaf(detail: string): GuestEvent {
    this.#phase = 'deaf';
    return { kind: 'bad-frame', detail, final: true };
  }

  #isDeaf(): boolean {
    return this.#phase === 'deaf';
  }
}

type ParsedFrame = perigee.v1.GuestFrame.$Shape | { readonly body: 'malformed'; readonly detail: string };

function parse(bytes: Uint8Array): ParsedFrame {
  try {
    return perigee.v1.GuestFrame.decode(bytes);
  } catch (error) {
    // The generated decoder has no other way to say that the bytes are no message.
    return { body: 'malformed', detail: `a frame is no message: ${reasonOf(error)}` };
  }
}

function bad(detail: string): GuestEvent {
  return { kind: 'bad-frame', detail, final: false };
}
