/** The local HTTP API: read-only for browsers, whole on the Unix socket that the command line uses. */
export { connectControl } from './client.js';
export { serveControl, servePage, type Served } from './server.js';
