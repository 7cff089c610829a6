// Preloaded into every test file. node:test takes a file that ends by process.exit(0) in the middle for a good one.
const exit = process.exit.bind(process);

process.exit = (code) => {
  console.error('A test called process.exit: what had not run by then is lost.');
  exit(code || 1);
};

// Programs that a test starts are not tests.
process.env.NODE_OPTIONS = (process.env.NODE_OPTIONS ?? '').replace(`--import=${import.meta.url}`, '').trim();
