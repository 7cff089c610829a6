/** What phones may ask and do in a session: the control service. */
export { createPhoneService } from './service.js';
export type { PhoneService } from './service.js';
