/** A radio of software: emulated LE controllers and the air between them, under the unmodified Bluetooth stacks. */
export { Air } from './air.js';
export { joinAir } from './client.js';
export type { Controller } from './controller.js';
export { withoutExitHooks } from './exit-hooks.js';
export { H4Parser } from './h4.js';
export { offerDevice } from './hook.js';
export type { LinkModel } from './pace.js';
export { serveAir } from './server.js';
export type { AirServer } from './server.js';
export type { HciTransport } from './transport.js';
