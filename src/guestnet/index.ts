/** The network of a guest that reports by it: one cable, with the gateway at its end, and nothing behind that. */
export { serveGuest, type GuestLink } from './link.js';
