import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Machine } from './support-machine.js';
import { load, type PlanModule } from './support-scripts.js';

const { EXIT, packagesOf, requirements } = (await load('setup/plan.mjs')) as PlanModule;

describe('set-up on a machine that lacks programs', () => {
  it('names exactly the packages and ends with the documented status, for a user without rights', async () => {
    using machine = new Machine();
    machine.program('apt-get');
    const { status, stdout, stderr } = await machine.setUp('test', { asNobody: true }).ended;
    const packages = packagesOf(requirements('test', process.arch)).join(' ');
    assert.equal(status, EXIT.systemPackages);
    assert.match(stderr, new RegExp(`^  sudo apt-get install --no-install-recommends ${packages}$`, 'm'));
    assert.equal(stdout, '');
    assert.deepEqual(machine.calls(), []);
  });

  it('does not name what is there', async () => {
    using machine = new Machine();
    for (const name of ['apt-get', 'clang', 'ld.lld', 'qemu-system-aarch64', 'qemu-system-arm', 'make'])
      machine.program(name);
    const { stderr } = await machine.setUp('test', { asNobody: true }).ended;
    assert.match(stderr, /--no-install-recommends qemu-system-x86$/m);
  });

  it('does not ask a sudo that wants a password which nobody can give', async () => {
    using machine = new Machine();
    machine.program('apt-get');
    machine.program('sudo', 'exit 1');
    const { status } = await machine.setUp('start', { asNobody: true }).ended;
    assert.equal(status, EXIT.systemPackages);
    assert.deepEqual(machine.calls(), ['sudo -n true']);
  });

  it('names the programs where there is no apt', async () => {
    using machine = new Machine();
    const { status, stderr } = await machine.setUp('start').ended;
    assert.equal(status, EXIT.systemPackages);
    assert.match(stderr, /programs are missing: qemu-system-\w+, clang, ld\.lld, make\./);
  });

  it('installs with apt as root, or with a sudo that needs no password', async () => {
    using machine = new Machine().withEverything();
    machine.program('sudo', 'exec "$@"');
    const missing = join(machine.root, 'bin/ld.lld');
    machine.program('apt-get', `case "$*" in *install*) cp ${machine.root}/bin/clang ${missing} ;; esac`);
    machine.remove('bin/ld.lld');
    const { status, stderr } = await machine.setUp('start').ended;
    assert.equal(status, 0, stderr);
    const apt = machine.calls().filter((call) => call.startsWith('apt-get'));
    assert.deepEqual(
      apt.map((call) => call.replace('-o DPkg::Lock::Timeout=300 ', '')),
      ['apt-get update', 'apt-get install --no-install-recommends -y lld'],
    );
  });

  it('shows the last words of an apt that fails', async () => {
    using machine = new Machine().withEverything();
    machine.program('sudo', 'exec "$@"');
    machine.program('apt-get', 'echo "E: Unable to locate package" >&2; exit 100');
    machine.remove('bin/ld.lld');
    const { status, stderr } = await machine.setUp('start').ended;
    assert.equal(status, EXIT.systemPackages);
    assert.match(stderr, /E: Unable to locate package/);
  });
});

describe('set-up of a working tree', () => {
  it('does everything once, and then nothing, in silence', async () => {
    using machine = new Machine().withEverything();
    const first = await machine.setUp('test').ended;
    assert.equal(first.status, 0, first.stderr);
    assert.equal(first.stdout, '');
    assert.deepEqual(
      machine.calls().map((call) => call.split(' ').slice(0, 2).join(' ')),
      ['npm ci', 'tsc -b', 'make -C'],
    );
    const second = await machine.setUp('test').ended;
    assert.deepEqual(second, { status: 0, stdout: '', stderr: '' });
    assert.deepEqual(machine.calls(), []);
  });

  it('builds again only what changed', async () => {
    using machine = new Machine().withEverything();
    await machine.setUp('test').ended;
    machine.calls();

    machine.write('src/b.ts', 'export {};');
    await machine.setUp('test').ended;
    assert.deepEqual(machine.calls(), ['tsc -b']);

    machine.write('images/hello/main.c', 'int x;');
    await machine.setUp('test').ended;
    assert.deepEqual(machine.calls(), ['make -C images ARCHES=x86_64 arm64 armv7']);

    machine.write('package-lock.json', '{ "packages": {} }');
    await machine.setUp('test').ended;
    assert.equal(machine.calls()[0]?.startsWith('npm ci'), true);
  });

  it('the images of all architectures serve a start, and those of a start do not serve the tests', async () => {
    using machine = new Machine().withEverything();
    const makes = async (goal: string): Promise<number> => {
      await machine.setUp(goal).ended;
      return machine.calls().filter((call) => call.startsWith('make')).length;
    };
    assert.equal(await makes('start'), 1);
    assert.equal(await makes('test'), 1);
    assert.equal(await makes('start'), 0);
  });

  it('shows what the compiler says, and tries again the next time', async () => {
    using machine = new Machine().withEverything();
    machine.compiler(`console.log('src/a.ts(1,1): error TS1005'); process.exit(2);`);
    const failed = await machine.setUp('start').ended;
    assert.equal(failed.status, EXIT.build);
    assert.match(failed.stderr, /src\/a\.ts\(1,1\): error TS1005/);
    assert.equal(failed.stdout, '');

    machine.compiler('');
    machine.calls();
    assert.equal((await machine.setUp('start').ended).status, 0);
    assert.equal(machine.calls()[0], 'tsc -b');
  });

  it('says why npm failed', async () => {
    using machine = new Machine().withEverything();
    machine.program('npm', 'echo "npm error network" >&2; exit 1');
    const { status, stderr } = await machine.setUp('start').ended;
    assert.equal(status, EXIT.npmPackages);
    assert.match(stderr, /npm error network/);
  });

  it('two at the same time do the work once', async () => {
    using machine = new Machine().withEverything();
    const outcomes = await Promise.all([machine.setUp('start').ended, machine.setUp('start').ended]);
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      [0, 0],
    );
    assert.equal(machine.calls().filter((call) => call.startsWith('npm')).length, 1);
  });

  it('ends its children when it is interrupted, and the next set-up does not wait for it', async () => {
    using machine = new Machine().withEverything();
    const pidFile = join(machine.root, 'npm.pid');
    machine.program('npm', `echo $$ > ${pidFile}.part && mv ${pidFile}.part ${pidFile} && exec sleep 1000`);
    const { child, ended } = machine.setUp('start');
    while (!existsSync(pidFile)) await sleep(5);
    child.kill('SIGINT');
    assert.equal((await ended).status, 130);
    assert.throws(() => process.kill(Number(readFileSync(pidFile, 'utf8')), 0), { code: 'ESRCH' });

    machine.withEverything();
    assert.equal((await machine.setUp('start').ended).status, 0);
  });

  it('that was killed outright leaves no lock behind', async () => {
    using machine = new Machine().withEverything();
    const pidFile = join(machine.root, 'npm.pid');
    machine.program('npm', `echo $$ > ${pidFile}.part && mv ${pidFile}.part ${pidFile} && exec sleep 1000`);
    const { child } = machine.setUp('start');
    while (!existsSync(pidFile)) await sleep(5);
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
    process.kill(Number(readFileSync(pidFile, 'utf8')), 'SIGKILL');

    machine.withEverything();
    assert.equal((await machine.setUp('start').ended).status, 0);
  });

  it('wants to know what for', async () => {
    using machine = new Machine();
    const { status, stderr } = await machine.setUp('everything').ended;
    assert.equal(status, EXIT.usage);
    assert.match(stderr, /usage: .* start\|test/);
  });
});
