// Seals messages of chance, and spoiled ones, in sessions with the control service, and checks that each is answered or
// ends its session, that none does what its sender may not, that another phone goes on, and that memory does not grow:
// `node scripts/test-phone-messages.mjs [messages] [seed]`, by default 100000 and 1. A failure names its seed, which sends
// the same again. Needs a build. Ends with 0 when everything held.
const [messages = 100_000, firstSeed = 1] = process.argv.slice(2).map(Number);
/** Of one gateway, so that later ones meet what earlier ones left. */
const TOGETHER = 5000;
/** The heap is a few megabytes; what stays of every message would show. */
const MAX_GROWTH_MIB = 5;

const { campaign } = await import('../dist/test/phones/support-campaign.js');
const heapMib = () => {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed / 2 ** 20;
};

const total = { messages: 0, answered: 0, ended: 0 };
let settledMib;
for (let seed = firstSeed; total.messages < messages; seed += 1) {
  const counts = await campaign(seed, Math.min(TOGETHER, messages - total.messages));
  for (const key of Object.keys(total)) total[key] += counts[key];
  // The first round loads what is loaded once.
  settledMib ??= heapMib();
  console.log(
    `seed ${seed}: ${counts.messages} messages, ${counts.answered} answered, ${counts.ended} ended their session`,
  );
}
const grownMib = heapMib() - settledMib;
console.log(
  `${total.messages} messages: ${total.answered} answered, ${total.ended} ended their session; the heap grew by ${grownMib.toFixed(1)} MiB`,
);
if (globalThis.gc !== undefined && grownMib > MAX_GROWTH_MIB) process.exitCode = 1;
