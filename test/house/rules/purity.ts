import ts from 'typescript';
import { importsOf } from '../imports.js';
import { nodes, parse, place, sources, type Files, type Violation } from '../tree.js';

const PURE_FOLDERS = [
  ...['src/domain', 'src/metrics', 'src/yaml', 'columns', 'gatt'],
  ...['src/store/format', 'src/store/leveldb', 'src/store/series'],
];

/** Decisions in folders that also have an edge. */
const PURE_FILES: readonly string[] = [
  'backend/src/parse-batch.ts',
  'backend/src/parse-run.ts',
  'src/accelerator/choose.ts',
  'src/access/invitations.ts',
  'src/air/hci.ts',
  'src/runner/console-ends.ts',
  'src/config/schema.ts',
  'src/guestnet/addresses.ts',
  'src/guestnet/dhcp.ts',
  'src/guestnet/ethernet.ts',
  'src/guestnet/framing.ts',
  'src/guestnet/ipv4.ts',
  'src/guestnet/stack.ts',
  'src/guestnet/tcp.ts',
  'src/guestnet/tcp-segment.ts',
  'src/guestnet/udp.ts',
  'src/images/boot-protocol.ts',
  'src/images/bytes.ts',
  'src/images/compose.ts',
  'src/images/detect.ts',
  'src/images/disk-format.ts',
  'src/images/elf.ts',
  'src/images/family.ts',
  'src/images/flavours.ts',
  'src/images/manifest-text.ts',
  'src/images/manifest.ts',
  'src/images/solo5.ts',
  'src/radio/diagnosis.ts',
  'src/radio/advertised.ts',
  'src/radio/services.ts',
  'src/runner/lifecycle.ts',
  'src/runner/qemu-args.ts',
  'src/images/solo5-devices.ts',
  'src/runner/debug-exit.ts',
  'src/runner/tender-args.ts',
  'src/runner/tender-evidence.ts',
  'src/scheduler/budget.ts',
  'src/scheduler/check.ts',
  'src/scheduler/cron.ts',
  'src/scheduler/due.ts',
  'src/scheduler/job.ts',
  'src/scheduler/queue.ts',
  'src/scheduler/restart.ts',
  'src/sensors/parse.ts',
  'src/store/blocks/block-codec.ts',
  'src/store/blocks/block-cutting.ts',
  'src/store/blocks/block-slices.ts',
  'src/store/blocks/floors.ts',
  'src/store/blocks/open-block.ts',
  'src/store/blocks/statistics.ts',
  'src/store/epochs/age.ts',
  'src/store/head/head-codec.ts',
  'src/store/records/loss-codec.ts',
  'src/store/records/loss-list.ts',
  'src/store/records/run-codec.ts',
  'src/store/rollups/fold.ts',
];

/** Node modules that only compute. */
const HARMLESS = /^node:(path|assert|util)/;

const FORBIDDEN_CALL =
  /^(Date|Date\.now|performance\.now|process\.hrtime(\.bigint)?|Math\.random|crypto\.\w+|set(Timeout|Interval|Immediate)|queueMicrotask)$/;

/** What is pure decides by its arguments alone: no clock, no chance, no timer, no world. */
export function pureMeansPure(files: Files): readonly Violation[] {
  const missing = PURE_FILES.filter((path) => files.has('package.json') && !files.has(path));
  const pure = [...sources(files, 'src', 'columns', 'gatt', 'backend')].filter(([path]) => isPure(path));
  return [
    ...missing.map((path) => ({ files: [path], text: 'is listed as pure, but is not there' })),
    ...pure.flatMap(([path, text]) => [...impureCalls(path, text), ...impureImports(path, text)]),
  ];
}

const isPure = (path: string): boolean =>
  PURE_FILES.includes(path) || PURE_FOLDERS.some((folder) => path.startsWith(`${folder}/`));

function impureCalls(path: string, text: string): readonly Violation[] {
  return [...nodes(parse(path, text))]
    .filter((node) => isImpure(node))
    .map((node) => ({
      files: [place(node)],
      text: `is pure, and must not use ${node.getText().slice(0, 40)}`,
    }));
}

function isImpure(node: ts.Node): boolean {
  if (ts.isCallExpression(node)) return FORBIDDEN_CALL.test(node.expression.getText());
  return (
    ts.isNewExpression(node) && node.expression.getText() === 'Date' && (node.arguments ?? []).length === 0
  );
}

function impureImports(path: string, text: string): readonly Violation[] {
  return importsOf(path, text)
    .filter(({ specifier }) => specifier.startsWith('node:') && !HARMLESS.test(specifier))
    .map((item) => ({ files: [item.place], text: `is pure, and must not import ${item.specifier}` }));
}
