import assert from 'node:assert/strict';
import { CHANNELS, encodeCredit, fragments, fromChannel, inChannel, PhoneSession } from '@perigee/gatt';
import type { BulkReceiver, Credit, FrameKind, Invitation, KeyPair, PhoneEvent } from '@perigee/gatt';
import { perigee } from '@perigee/proto';
import type { GattLink, GattListener } from '../../src/domain/index.js';
import { nodeCurve } from '../../src/platform/index.js';

export interface PhoneOptions {
  readonly keys?: KeyPair;
  readonly invitation?: Invitation;
  readonly gatewayKey?: Uint8Array;
  /** Fragments that its link takes before it is full; endless if absent. */
  readonly room?: number;
  readonly maxBytes?: number;
  /** That of another subscription of the same phone's; its own if absent. */
  readonly connection?: object;
}

/** A phone at the other end of a link that a test holds. */
export class TestPhone {
  readonly keys: KeyPair;
  readonly session: PhoneSession;
  readonly events: PhoneEvent[] = [];
  readonly listener: GattListener;
  /** Fragments that the gateway sent, and that wait while the link is full. */
  readonly sent: Uint8Array[] = [];
  room: number;
  refused = 0;
  disconnected = false;
  #ids = 0;

  constructor(
    begin: (link: GattLink) => GattListener,
    options: PhoneOptions & { readonly gatewayKey: Uint8Array },
  ) {
    this.keys = options.keys ?? nodeCurve.generate();
    this.room = options.room ?? Infinity;
    const { gatewayKey, invitation } = options;
    this.session = new PhoneSession({
      ...{ curve: nodeCurve, keys: this.keys, gatewayKey },
      ...(invitation && { invitation }),
    });
    this.listener = begin({
      connection: options.connection ?? this,
      maxBytes: options.maxBytes ?? 244,
      send: (value) => {
        if (this.sent.length >= this.room) {
          this.refused += 1;
          return false;
        }
        this.sent.push(value);
        this.events.push(this.session.receive(value));
        return true;
      },
      disconnect: () => (this.disconnected = true),
    });
  }

  /** The link has sent what waited, and says so. */
  drain(): void {
    this.sent.length = 0;
    this.listener.ready();
  }

  /** The answer to the last fragment. */
  write(of: FrameKind, message: Uint8Array | undefined): number {
    let status = -1;
    for (const fragment of fragments(of, message ?? assert.fail('there is a message'), 100))
      status = this.listener.receive(fragment);
    return status;
  }

  hello(): number {
    const { bytes, of } = this.session.hello() ?? assert.fail('it says hello');
    return this.write(of, bytes);
  }

  command(command: perigee.v1.Command.$Properties): number {
    const id = command.id ?? ++this.#ids;
    const bytes = perigee.v1.Command.encode({ ...command, id }).finish();
    return this.write('sealed', this.session.seal(inChannel('control', bytes)));
  }

  /** What the gateway has said so far, once everything that is under way is done. */
  async said(): Promise<readonly perigee.v1.Said[]> {
    await new Promise<void>((resolve) => setImmediate(resolve));
    return this.events.flatMap((event) =>
      event.kind === 'message' && event.plaintext[0] === CHANNELS.control
        ? [perigee.v1.Said.decode(fromChannel(event.plaintext)?.body ?? new Uint8Array())]
        : [],
    );
  }

  async ask(command: perigee.v1.Command.$Properties): Promise<perigee.v1.Answer.$Properties> {
    const id = ++this.#ids;
    assert.equal(this.command({ ...command, id }), 0);
    for (let turns = 0; turns < 10_000; turns++) {
      const found = (await this.said()).find(({ answer }) => answer?.command === id);
      if (found?.answer) return found.answer;
    }
    return assert.fail('no answer');
  }

  grant(credit: Credit): number {
    return this.write('sealed', this.session.seal(inChannel('credit', encodeCredit(credit))));
  }

  /** The snapshot that was opened last, or undefined where its connection was lost after so many pieces. */
  fetch(receiver: BulkReceiver, maxPieces = Infinity): Uint8Array | undefined {
    let seen = this.events.length;
    const credit = receiver.begin(244);
    if (credit !== undefined) assert.equal(this.grant(credit), 0);
    for (let pieces = 0; pieces < maxPieces; pieces++) {
      let event = this.events[seen++];
      for (; event?.kind !== 'message' || event.plaintext[0] !== CHANNELS.bulk; event = this.events[seen++])
        assert.ok(event !== undefined, 'there is another piece');
      const progress = receiver.take(event.plaintext.slice(1));
      assert.notEqual(progress.kind, 'fault');
      if (progress.kind === 'done') return progress.snapshot;
      if (progress.kind === 'going' && progress.credit) assert.equal(this.grant(progress.credit), 0);
    }
    this.listener.ended();
    return undefined;
  }

  /** The word in the clear by which the gateway ended it, if it did. */
  get refusal(): string | undefined {
    const last = this.events.at(-1);
    return last?.kind === 'refused' ? last.status : undefined;
  }
}
