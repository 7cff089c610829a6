import { RX_CHARACTERISTIC, TX_CHARACTERISTIC, fragments, PhoneSession } from '@perigee/gatt';
import { nodeCurve } from '../../src/platform/index.js';
import { BLENO_DRIVERS } from '../../src/radio/index.js';
import { rounded, type Figures } from '../bench.js';
import { startStation } from './stations.js';

const MIB = 2 ** 20;
/** Code is compiled and pools are full before anything counts. */
const WARM_UP = 100;
const MAX_BYTES = 244;
/** So often a phone also says hello: more are refused as one that tries keys. */
const HELLO_EVERY = 20;

/** Phones that come and go, with subscriptions, reads and handshakes: by how much the gateway's memory grows, on the worse driver. */
export async function measureGrowth(cycles: number): Promise<Figures> {
  const grown: { readonly heap: number; readonly rss: number }[] = [];
  for (const driver of BLENO_DRIVERS) {
    await using station = await startStation('ours', driver);
    using phone = await station.phone();
    const visit = async (round: number): Promise<void> => {
      await phone.connect();
      const [rx, tx] = [await phone.handleOf(RX_CHARACTERISTIC), await phone.handleOf(TX_CHARACTERISTIC)];
      await phone.subscribe(tx);
      if (round % HELLO_EVERY === 0) {
        const keys = {
          curve: nodeCurve,
          keys: nodeCurve.generate(),
          gatewayKey: nodeCurve.generate().publicKey,
        };
        const hello = new PhoneSession(keys).hello();
        if (hello)
          for (const fragment of fragments(hello.of, hello.bytes, MAX_BYTES)) await phone.write(rx, fragment);
      }
      await phone.disconnect();
    };
    for (let i = 0; i < WARM_UP; i += 1) await visit(i);
    const before = await station.usage();
    for (let i = 0; i < cycles; i += 1) await visit(i);
    const after = await station.usage();
    grown.push({ heap: after.heapBytes - before.heapBytes, rss: after.rssBytes - before.rssBytes });
  }
  return {
    growthMib: rounded(Math.max(...grown.map(({ heap }) => heap)) / MIB),
    growthRssMib: rounded(Math.max(...grown.map(({ rss }) => rss)) / MIB),
    cycles,
  };
}
