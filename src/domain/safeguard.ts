/** One of the means that keep guests from the rest of the board, and whether this gateway has it. */
export interface Safeguard {
  readonly name: string;
  readonly active: boolean;
  /** One line for a person. */
  readonly text: string;
  readonly cure?: string;
}
