import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MAX_CONNECTIONS, Stack } from '../../src/guestnet/stack.js';
import { IDLE_US, WINDOW_BYTES, type TcpConnection } from '../../src/guestnet/tcp.js';
import { random32 } from '../support/random.js';
import { ACK, FIN, RST, SYN, ip, readTcp, tcp, u16, type TestSegment } from './support-guest.js';

/** A gateway whose service sends everything back, and ends when the guest does. Time is turned by hand. */
class Echo {
  readonly #out: TestSegment[] = [];
  readonly stack: Stack;
  /** What the service was given and does not read. */
  unread = 0;
  gone = 0;
  nowUs = 0;
  connection: (() => TcpConnection) | undefined;

  constructor() {
    this.stack = new Stack({
      transmit: (frame) => void this.#out.push(readTcp(frame) ?? assert.fail('a segment')),
      lines: () => assert.fail('no datagram'),
      connected: (connection) => {
        this.connection = connection;
        return {
          received: (bytes) => connection().send(Buffer.from(bytes), this.nowUs),
          acknowledged: () => undefined,
          finished: () => connection().finish(this.nowUs),
          gone: () => void (this.gone += 1),
          unread: () => this.unread,
        };
      },
    });
  }

  say(segment: Partial<TestSegment>): readonly TestSegment[] {
    this.stack.receive(ip(6, tcp(segment)), this.nowUs);
    return this.heard();
  }

  wait(us: number): readonly TestSegment[] {
    this.nowUs += us;
    this.stack.tick(this.nowUs);
    return this.heard();
  }

  heard(): readonly TestSegment[] {
    return this.#out.splice(0);
  }

  /** The first sequence number of the gateway's bytes. */
  connect(fromPort = 40_000, sequence = 1000): number {
    const [answer] = this.say({ fromPort, flags: SYN, sequence });
    assert.ok(answer);
    assert.deepEqual([answer.flags, answer.acknowledged], [SYN | ACK, (sequence + 1) >>> 0]);
    const next = (answer.sequence + 1) >>> 0;
    this.say({ fromPort, sequence: (sequence + 1) >>> 0, acknowledged: next });
    return next;
  }
}

const textOf = (segments: readonly TestSegment[]): string =>
  segments.map(({ payload }) => payload.toString()).join('');
const flagsOf = (segments: readonly TestSegment[]): readonly number[] => segments.map(({ flags }) => flags);

describe('a TCP connection', () => {
  it('is opened, carries bytes both ways, and is closed by both', () => {
    const echo = new Echo();
    const theirs = echo.connect();
    const answers = echo.say({ sequence: 1001, acknowledged: theirs, payload: Buffer.from('hello') });
    assert.equal(textOf(answers), 'hello');
    assert.equal(answers.at(-1)?.acknowledged, 1006);
    const end = echo.say({ sequence: 1006, acknowledged: theirs + 5, flags: FIN | ACK });
    assert.deepEqual([end.at(-1)?.acknowledged, flagsOf(end).includes(FIN | ACK)], [1007, true]);
    assert.equal(echo.stack.connections, 1);
    echo.say({ sequence: 1007, acknowledged: theirs + 6 });
    assert.deepEqual([echo.stack.connections, echo.gone], [0, 1]);
  });

  it('goes on where sequence numbers go round', () => {
    const echo = new Echo();
    const theirs = echo.connect(40_000, 0xffff_fffd);
    const answers = echo.say({ sequence: 0xffff_fffe, acknowledged: theirs, payload: Buffer.from('around') });
    assert.deepEqual([textOf(answers), answers.at(-1)?.acknowledged], ['around', 4]);
  });

  it('takes bytes in order and once, and says again what it expects', () => {
    const echo = new Echo();
    const theirs = echo.connect();
    const say = (sequence: number, text: string): readonly TestSegment[] =>
      echo.say({ sequence, acknowledged: theirs, payload: Buffer.from(text) });
    assert.deepEqual([textOf(say(1004, 'later')), textOf(say(1001, 'abc'))], ['', 'abc']);
    // The same again, with something new behind it.
    assert.equal(textOf(say(1001, 'abcd')), 'd');
    const old = say(1001, 'abcd');
    assert.deepEqual([textOf(old), old.at(-1)?.acknowledged], ['', 1005]);
  });

  it('sends again what is not acknowledged, ever more slowly, and gives up', () => {
    const echo = new Echo();
    const theirs = echo.connect();
    echo.say({ sequence: 1001, acknowledged: theirs, payload: Buffer.from('hello') });
    const again = Array.from({ length: 40 }, () => textOf(echo.wait(100_000))).filter((text) => text !== '');
    assert.deepEqual(again, ['hello', 'hello', 'hello']);
    assert.equal(echo.gone, 0);
    for (let tenths = 0; tenths < 300; tenths += 1) echo.wait(100_000);
    assert.deepEqual([echo.gone, echo.stack.connections], [1, 0]);
  });

  it('sends again also while the guest keeps talking', () => {
    const echo = new Echo();
    const theirs = echo.connect();
    echo.say({ sequence: 1001, acknowledged: theirs, payload: Buffer.from('hello') });
    const again = Array.from({ length: 5 }, () => {
      echo.say({ sequence: 1006, acknowledged: theirs });
      return textOf(echo.wait(100_000));
    });
    assert.equal(again.join(''), 'hello');
  });

  it('sends its greeting again to a guest that did not hear it', () => {
    const echo = new Echo();
    const [first] = echo.say({ flags: SYN, sequence: 1000 });
    const [second] = echo.wait(400_000);
    const [third] = echo.say({ flags: SYN, sequence: 1000 });
    assert.deepEqual([second, third], [first, first]);
    echo.say({ sequence: 1001, acknowledged: (first?.sequence ?? 0) + 1 });
    assert.deepEqual(echo.wait(400_000), []);
  });

  it('keeps to the segment size and the window of the guest, and asks one that is shut', () => {
    const echo = new Echo();
    const options = Buffer.from([1, 2, 4, 0, 100, 0, 0, 0]);
    const [greeting] = echo.say({ flags: SYN, sequence: 1000, options, window: 250 });
    const theirs = (greeting?.sequence ?? 0) + 1;
    const payload = Buffer.alloc(600, 'x');
    const sent = echo.say({ sequence: 1001, acknowledged: theirs, window: 250, payload });
    const sizes = sent.map((segment) => segment.payload.length).filter((length) => length > 0);
    assert.deepEqual(sizes, [100, 100, 50]);
    const shut = echo.say({ sequence: 1601, acknowledged: theirs + 250, window: 0 });
    assert.equal(textOf(shut), '');
    assert.equal(textOf(echo.wait(400_000)), 'x');
    const rest = echo.say({ sequence: 1601, acknowledged: theirs + 251, window: 8000 });
    assert.equal(textOf(rest).length, 349);
  });

  it('takes no more than its service reads, and says so', () => {
    const echo = new Echo();
    const theirs = echo.connect();
    echo.unread = WINDOW_BYTES - 3;
    const answers = echo.say({ sequence: 1001, acknowledged: theirs, payload: Buffer.from('hello') });
    const last = answers.at(-1);
    assert.deepEqual([textOf(answers), last?.acknowledged, last?.window], ['hel', 1004, 3]);
    echo.unread = 0;
    echo.connection?.().opened();
    assert.deepEqual(
      echo.heard().map(({ window }) => window),
      [WINDOW_BYTES],
    );
  });

  it('is ended by an exact reset only', () => {
    const echo = new Echo();
    echo.connect();
    echo.say({ flags: RST, sequence: 1002 });
    assert.equal(echo.gone, 0);
    echo.say({ flags: RST, sequence: 1001 });
    assert.deepEqual([echo.gone, echo.stack.connections], [1, 0]);
  });

  it('is ended when nothing is heard of the guest', () => {
    const echo = new Echo();
    echo.connect();
    assert.deepEqual(echo.wait(IDLE_US), []);
    assert.deepEqual(flagsOf(echo.wait(1)), [RST | ACK]);
    assert.equal(echo.stack.connections, 0);
  });

  it('is refused on another port, without a greeting, and beyond a few', () => {
    const echo = new Echo();
    assert.deepEqual(flagsOf(echo.say({ toPort: 80, flags: SYN, sequence: 5 })), [RST | ACK]);
    assert.deepEqual(flagsOf(echo.say({ sequence: 5, acknowledged: 9 })), [RST]);
    assert.deepEqual(echo.say({ flags: RST }), []);
    for (let port = 1; port <= MAX_CONNECTIONS; port += 1) echo.connect(port);
    assert.deepEqual(flagsOf(echo.say({ fromPort: 9999, flags: SYN })), [RST | ACK]);
    assert.equal(echo.stack.connections, MAX_CONNECTIONS);
  });

  it('survives whatever options, flags and numbers a guest makes up, and leaves nothing behind', () => {
    const echo = new Echo();
    const random = random32(1);
    const theirs = echo.connect();
    for (let round = 0; round < 20_000; round += 1) {
      const near = (base: number): number => (base + (random() % 2000) - 1000) >>> 0;
      const options = Buffer.alloc((random() % 11) * 4, u16(random() & 0xffff));
      echo.say({
        ...{ fromPort: 40_000 + (random() % 12), flags: random() & 0x3f, window: random() & 0xffff },
        ...{ sequence: near(1001), acknowledged: near(theirs), options },
        payload: Buffer.alloc(random() % 1000, 'z'),
      });
      if (round % 50 === 0) echo.wait(random() % 200_000);
      assert.ok(echo.stack.connections <= MAX_CONNECTIONS);
    }
    echo.wait(IDLE_US + 1);
    assert.equal(echo.stack.connections, 0);
  });
});
