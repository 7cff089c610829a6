// What set-up needs and may do, decided without touching the machine.

/** Exit statuses of set-up, apart from those of the perigee command; 128 + N where signal N ended it. */
export const EXIT = { usage: 2, systemPackages: 13, node: 30, npmPackages: 31, build: 32, images: 33 };

export const USAGE = `usage: node scripts/setup.mjs start|test
Installs and builds what is missing: for \`npm start\`, or for \`npm test\` (which also boots other architectures).
Exit status: ${EXIT.usage} wrong usage, ${EXIT.node} Node is too old, ${EXIT.systemPackages} system packages are missing and may not or could not be installed,
${EXIT.npmPackages} npm packages could not be installed, ${EXIT.build} the code does not build, ${EXIT.images} the guest images do not build.`;

export const isGoal = (text) => text === 'start' || text === 'test';

const NODE_AT_LEAST = [20, 19];

/** A sentence if this Node is too old, else undefined. */
export function nodeProblem(version) {
  const [major, minor] = version.split('.').map(Number);
  const [needMajor, needMinor] = NODE_AT_LEAST;
  if (major > needMajor || (major === needMajor && minor >= needMinor)) return undefined;
  return `Perigee needs Node ${needMajor}.${needMinor} or newer, and this is ${version}: install one from https://nodejs.org`;
}

const QEMU_X86 = { program: 'qemu-system-x86_64', package: 'qemu-system-x86' };
const QEMU_ARM64 = { program: 'qemu-system-aarch64', package: 'qemu-system-arm' };
const QEMU_ARMV7 = { program: 'qemu-system-arm', package: 'qemu-system-arm' };
const TOOL_CHAIN = [
  { program: 'clang', package: 'clang' },
  { program: 'ld.lld', package: 'lld' },
  { program: 'make', package: 'make' },
];

/** Node's name of an architecture to what it boots: the image architecture and its QEMU. */
const NATIVE = {
  x64: { arch: 'x86_64', qemu: QEMU_X86 },
  arm64: { arch: 'arm64', qemu: QEMU_ARM64 },
  arm: { arch: 'armv7', qemu: QEMU_ARMV7 },
};

/** The programs that a goal needs, each with the Debian package that brings it. */
export function requirements(goal, nodeArch) {
  const native = NATIVE[nodeArch];
  const qemus = goal === 'test' ? [QEMU_X86, QEMU_ARM64, QEMU_ARMV7] : native ? [native.qemu] : [];
  return [...qemus, ...TOOL_CHAIN];
}

/** The architectures to build guest images for. */
export function imageArches(goal, nodeArch) {
  const native = NATIVE[nodeArch];
  return goal === 'start' && native ? [native.arch] : Object.values(NATIVE).map(({ arch }) => arch);
}

export const packagesOf = (missing) => [...new Set(missing.map((requirement) => requirement.package))].sort();

/**
 * Who may install the packages of the missing programs.
 * `rights` says: `apt` (there is apt-get), `root`, `sudo` (there is sudo, and it needs no password or can ask for one).
 */
export function installPlan(missing, rights) {
  const packages = packagesOf(missing);
  const programs = missing.map(({ program }) => program).join(', ');
  if (!rights.apt) {
    return {
      kind: 'refuse',
      reason: `These programs are missing: ${programs}. Install them, then try again.`,
    };
  }
  if (rights.root) return { kind: 'install', prefix: [], packages };
  if (rights.sudo) return { kind: 'install', prefix: ['sudo'], packages };
  return {
    kind: 'refuse',
    reason: [
      `These programs are missing: ${programs}. Without the right to install them, set-up ends here. Run this, then try again:`,
      '',
      `  sudo apt-get install --no-install-recommends ${packages.join(' ')}`,
      '',
    ].join('\n'),
  };
}
