/** What runs when: who is let in when the board has room, what is kept running, and what starts by the calendar. */
export { isClockSet } from './due.js';
export { createAdmission, type BoardMemory } from './admission.js';
export { startScheduler, type Runs, type Scheduler } from './scheduler.js';
