import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sameData } from '../../src/cli/hints.js';
import { perigee } from '../support/command.js';
import { tempFolder } from '../support/temp.js';

describe('a hint that names commands', () => {
  for (const [hint, told] of [
    ['Start one: perigee serve', 'Start one: perigee serve --data /d'],
    ['See `perigee ps --all` for them.', 'See `perigee ps --data /d --all` for them.'],
    [
      'See perigee ps --all and perigee logs; once mended: perigee schedule clear dawn',
      'See perigee ps --data /d --all and perigee logs --data /d; once mended: perigee schedule clear --data /d dawn',
    ],
    ['Add it: perigee images add', 'Add it: perigee images add --data /d'],
    ['perigee images ls shows which.', 'perigee images ls --data /d shows which.'],
    ['perigee images --help lists them.', 'perigee images --help lists them.'],
    ['Name a file that `perigee backup` made.', 'Name a file that `perigee backup` made.'],
    ['It begins with perigee:enrol/1/.', 'It begins with perigee:enrol/1/.'],
  ] as const)
    it(`has the data directory that the command was given: ${hint}`, () => {
      assert.equal(sameData(hint, '/d'), told);
      assert.equal(sameData(hint, undefined), hint);
    });

  it('on a phone has it for the phone alone, since the others are for the gateway', () => {
    const hint =
      'Ask for an invitation (perigee technician add NAME), and give its text to perigee nearby enrol.';
    assert.equal(sameData(hint, '/d', true), hint.replace('enrol.', 'enrol --data /d.'));
  });

  it('can be typed into a shell, whatever the directory is called', () => {
    assert.equal(
      sameData('perigee serve', "/o'er the/hill"),
      String.raw`perigee serve --data '/o'\''er the/hill'`,
    );
  });

  it('is told so by every command, and by the doctor', async () => {
    const data = tempFolder('hints');
    const { stderr } = await perigee(['ps', '--data', data]);
    assert.match(stderr, new RegExp(`perigee serve --data ${data}\``));
    const { stdout } = await perigee(['doctor', '--data', data]);
    assert.match(stdout, new RegExp(`Start one: perigee serve --data ${data}\n`));
  });
});
