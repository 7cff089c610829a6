/** What the controller announces: one link-layer packet with data length extension, and eight of them. */
export const ACL_BYTES = 251;
export const ACL_BUFFERS = 8;
/** Connections at once: what a Pi's controller has. */
export const MAX_LINKS = 8;
/** How near everybody is, dBm. */
export const RSSI_DBM = -60;
