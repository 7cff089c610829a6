// The steps that make something from our own sources.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { runChild } from './child.mjs';
import { EXIT, imageArches } from './plan.mjs';
import { SetupError } from './report.mjs';
import { digestByContent, digestByTime, filesUnder, readStamp, writeStamp } from './stamp.mjs';

export const buildSteps = (root, goal, nodeArch) => [
  protoStep(root),
  typescriptStep(root),
  imagesStep(root, imageArches(goal, nodeArch)),
];

/** The generated module is compared by content: its schemas are few, and a new time stamp would rebuild everything behind it. */
function protoStep(root) {
  const generator = 'scripts/generate-proto.mjs';
  return buildStep({
    title: 'protobuf code',
    status: EXIT.build,
    stampFile: join(root, 'proto/generated/.inputs.json'),
    outputs: [join(root, 'proto/generated/index.js'), join(root, 'proto/generated/index.d.ts')],
    digest: () =>
      digestByContent([
        ...filesUnder(join(root, 'proto')).filter((file) => file.endsWith('.proto')),
        join(root, generator),
        join(root, 'node_modules/protobufjs-cli/package.json'),
      ]),
    command: [process.execPath, [generator], { cwd: root }],
  });
}

function typescriptStep(root) {
  const inputs = [
    'src',
    'columns',
    'gatt',
    'backend',
    'test',
    'bench',
    'proto/generated/index.d.ts',
    'package-lock.json',
  ];
  const configs = ['tsconfig.json', 'tsconfig.base.json', 'package.json'];
  return buildStep({
    title: 'TypeScript',
    status: EXIT.build,
    stampFile: join(root, 'dist/.inputs.json'),
    outputs: ['columns', 'gatt', 'backend'].map((folder) => join(root, folder, 'dist')),
    digest: () => digestByTime([...inputs, ...configs].map((path) => join(root, path))),
    command: [process.execPath, ['node_modules/typescript/bin/tsc', '-b'], { cwd: root }],
  });
}

function imagesStep(root, arches) {
  return buildStep({
    title: `guest images for ${arches.join(' ')}`,
    status: EXIT.images,
    stampFile: join(root, 'images/build/.inputs.json'),
    outputs: [],
    digest: () => digestByTime([join(root, 'images')]),
    covers: arches,
    command: ['make', ['-C', 'images', `ARCHES=${arches.join(' ')}`], { cwd: root }],
  });
}

/** A stamp also says what the outputs cover: images for all architectures serve who needs only one. */
function buildStep({ title, status, stampFile, outputs, digest, covers = [], command }) {
  return {
    title: () => title,
    isNeeded: () => {
      const stamp = readStamp(stampFile);
      const isCovered = covers.every((item) => stamp?.covers?.includes(item));
      return !isCovered || stamp?.digest !== digest() || !outputs.every((file) => existsSync(file));
    },
    run: async () => {
      // Taken before the build, so that what is saved meanwhile counts as changed.
      const before = digest();
      const result = await runChild(...command);
      if (result.status !== 0) throw new SetupError(status, `${result.output}\n${title}: the build failed.`);
      writeStamp(stampFile, { digest: before, covers });
    },
  };
}
