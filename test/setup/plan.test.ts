import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { load, type PlanModule } from './support-scripts.js';

const { imageArches, installPlan, nodeProblem, packagesOf, requirements } = (await load(
  'setup/plan.mjs',
)) as PlanModule;

describe('what set-up needs', () => {
  const programs = (goal: 'start' | 'test', arch: string): readonly string[] =>
    requirements(goal, arch).map(({ program }) => program);

  it('start needs the QEMU of this machine, and no other', () => {
    const toolChain = ['clang', 'ld.lld', 'make'];
    assert.deepEqual(programs('start', 'x64'), ['qemu-system-x86_64', ...toolChain]);
    assert.deepEqual(programs('start', 'arm64'), ['qemu-system-aarch64', ...toolChain]);
    assert.deepEqual(programs('start', 'arm'), ['qemu-system-arm', ...toolChain]);
  });

  it('test needs every QEMU on every machine', () => {
    for (const arch of ['x64', 'arm64', 'arm']) {
      const qemus = programs('test', arch).filter((program) => program.startsWith('qemu'));
      assert.deepEqual(qemus, ['qemu-system-x86_64', 'qemu-system-aarch64', 'qemu-system-arm']);
    }
  });

  it('a package that brings two programs is installed once', () => {
    assert.deepEqual(packagesOf(requirements('test', 'x64')), [
      'clang',
      'lld',
      'make',
      'qemu-system-arm',
      'qemu-system-x86',
    ]);
  });

  it('start builds the images of this machine, test those of all', () => {
    assert.deepEqual(imageArches('start', 'arm64'), ['arm64']);
    assert.deepEqual(imageArches('test', 'arm64'), ['x86_64', 'arm64', 'armv7']);
  });
});

describe('who installs', () => {
  const missing = [{ program: 'ld.lld', package: 'lld' }];

  it('root does, without sudo', () => {
    const plan = installPlan(missing, { apt: true, root: true, sudo: true });
    assert.deepEqual(plan, { kind: 'install', prefix: [], packages: ['lld'] });
  });

  it('another user does, with sudo', () => {
    const plan = installPlan(missing, { apt: true, root: false, sudo: true });
    assert.deepEqual(plan, { kind: 'install', prefix: ['sudo'], packages: ['lld'] });
  });

  it('nobody does without the right to, and the packages are named', () => {
    const plan = installPlan(missing, { apt: true, root: false, sudo: false });
    assert.ok(plan.kind === 'refuse');
    assert.match(plan.reason, /^ {2}sudo apt-get install --no-install-recommends lld$/m);
  });

  it('nobody does without apt, and the programs are named', () => {
    const plan = installPlan(missing, { apt: false, root: true, sudo: true });
    assert.ok(plan.kind === 'refuse');
    assert.match(plan.reason, /missing: ld\.lld\./);
  });
});

describe('the version of Node', () => {
  for (const version of ['20.19.0', '20.20.2', '22.0.0', '24.1.0']) {
    it(`${version} is new enough`, () => assert.equal(nodeProblem(version), undefined));
  }
  for (const version of ['20.18.3', '18.20.0', '8.0.0']) {
    it(`${version} is too old, and a sentence says so`, () => {
      assert.match(
        nodeProblem(version) ?? '',
        new RegExp(`needs Node 20\\.19 or newer, and this is ${version}`),
      );
    });
  }
});
