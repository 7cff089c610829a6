/** What keeps a guest that has broken out of its monitor from the rest of the board; docs/security.md says what each means is worth. */
export { boardMeans } from './board.js';
export { Confinement } from './confinement.js';
export { bootFiles } from './boot-files.js';
export { type Cell } from './cell.js';
