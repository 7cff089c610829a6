import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { noImportCycles } from './rules/cycles.js';
import { onlyConfigurationReadsTheEnvironment } from './rules/environment.js';
import { everyExportIsImported } from './rules/exports.js';
import { backendStandsAlone, sharedImportsWhatItDeclares, importsOnlyWhatWasGiven } from './rules/folders.js';
import { layersImportDownwards } from './rules/layers.js';
import { oneFileOwnsEachEdge } from './rules/owners.js';
import { pureMeansPure } from './rules/purity.js';
import { filesAreShort, foldersHaveDoors, namesNoMachine, versionsAreExact } from './rules/shape.js';
import { noAny, noDefaultExports, noEmptyCatch } from './rules/syntax.js';
import { ROOT, describeViolation, readTree, type Rule } from './tree.js';

const RULES: Readonly<Record<string, Rule>> = {
  'a folder of src/ imports only what it was given, by the door': importsOnlyWhatWasGiven,
  'columns/ and gatt/ import only packages that they declare': sharedImportsWhatItDeclares,
  'backend/ shares only the schemas with the gateway': backendStandsAlone,
  'a folder within a folder imports only lower ones': layersImportDownwards,
  'no files import each other in a circle': noImportCycles,
  'one file owns bleno, noble, axios, level and child processes': oneFileOwnsEachEdge,
  'only the configuration reads the environment': onlyConfigurationReadsTheEnvironment,
  'what is pure reads no clock and touches no world': pureMeansPure,
  'no file is longer than 300 lines': filesAreShort,
  'every folder of src/ has a door': foldersHaveDoors,
  'everything is exported by name': noDefaultExports,
  'what is exported, another file imports': everyExportIsImported,
  'no catch is empty': noEmptyCatch,
  'nothing is any': noAny,
  'no file names a machine or a registry': namesNoMachine,
  'every dependency has one exact version': versionsAreExact,
};

describe('the house rules', () => {
  const files = readTree(ROOT);
  for (const [claim, rule] of Object.entries(RULES)) {
    it(claim, () => {
      assert.deepEqual(rule(files).map(describeViolation), []);
    });
  }
});
