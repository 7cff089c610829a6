/** What runs when: who is let in, when the board has room. */
export { createAdmission, type BoardMemory } from './admission.js';
