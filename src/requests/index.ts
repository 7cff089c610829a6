/** What is asked of a gateway from outside, checked by the same rules whichever way it comes. */
export { guestArgs, parseSchedule } from './schedule.js';
