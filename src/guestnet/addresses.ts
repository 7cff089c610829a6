/**
 * The one network there is, the same for every guest, since none sees another's: those of QEMU's own user network, which
 * images that are configured by hand already know.
 */
export const GATEWAY_MAC = Buffer.from('52550a000202', 'hex');
export const GATEWAY_IP = Buffer.from([10, 0, 2, 2]);
export const GUEST_IP = Buffer.from([10, 0, 2, 15]);
export const NETMASK = Buffer.from([255, 255, 255, 0]);
export const BROADCAST_IP = Buffer.from([255, 255, 255, 255]);

/** Where InfluxDB listens, so that its clients need no other setting than the address. */
export const LINES_UDP_PORT = 8089;
export const HTTP_PORT = 8086;
