// Attacks the gateway's radio with malformed and random messages, as a phone and as its own controller, while another phone
// must be served as ever: `node scripts/test-radio-fuzz.mjs [--driver NAME] [--seed N] [--count N]`; by default both drivers, a
// seed of the day's, and 100000 messages to each. A message that harms is printed, with as little beside it as is needed: it
// belongs into test/radio/fuzz/findings.json. Needs a build. Ends with 0 when nobody came to harm.
import { parseArgs } from 'node:util';
import { BLENO_DRIVERS } from '../dist/src/radio/index.js';
import { campaign, Finding, listed, minimised } from '../dist/test/radio/fuzz/support-campaign.js';

const { values } = parseArgs({
  options: {
    driver: { type: 'string' },
    seed: { type: 'string', default: String(Math.floor(Date.now() / 86_400_000)) },
    count: { type: 'string', default: '100000' },
  },
});
const drivers = values.driver === undefined ? BLENO_DRIVERS : [values.driver];
const [seed, count] = [Number(values.seed), Number(values.count)];
if (!drivers.every((driver) => BLENO_DRIVERS.includes(driver)) || !(seed >= 0) || !(count > 0)) {
  console.error(`usage: --driver ${BLENO_DRIVERS.join('|')} --seed N --count N`);
  process.exit(2);
}

for (const driver of drivers) {
  console.log(`@${driver}/bleno, seed ${seed}: ${count} messages`);
  const started = performance.now();
  try {
    const { growthMib, messages, notifications, pauseMs, reads } = await campaign({
      ...{ driver, seed, messages: count },
      onProgress: (sent) => process.stdout.isTTY && process.stdout.write(`\r${sent} sent `),
    });
    if (process.stdout.isTTY) process.stdout.write('\r');
    const seconds = ((performance.now() - started) / 1000).toFixed(0);
    console.log(
      `${messages} messages in ${seconds} s: nobody came to harm. The other phone read ${reads} values and was notified of ` +
        `${notifications}; the gateway grew by ${growthMib.toFixed(1)} MiB, and stood still for ${pauseMs} ms at most.`,
    );
  } catch (error) {
    if (!(error instanceof Finding)) throw error;
    console.error(`\nHarm: ${error.message}`);
    console.error(`Looks for what of ${error.messages.length} messages is needed ...`);
    const needed = await minimised({ driver }, error.messages);
    if (needed === undefined)
      console.error(
        `These alone do nothing: what came before is needed too. The same again: --driver ${driver} --seed ${seed}`,
      );
    console.error(JSON.stringify(listed(needed ?? error.messages), undefined, 2));
    process.exitCode = 1;
  }
}
