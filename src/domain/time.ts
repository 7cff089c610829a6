/**
 * Whose word the gateway's wall time is. `network`: NTP keeps the board's clock. `board`: its clock is set, and nothing
 * says who keeps it. `phone`: a technician's phone told it. `nobody`: it was never set.
 */
export type TimeSource = 'network' | 'board' | 'phone' | 'nobody';

/** What the gateway knows of wall time, and how. */
export interface TimeKeeper {
  source(): Promise<TimeSource>;
  /**
   * It is so late now (Unix time, milliseconds). Resolves with by how much the gateway's time was put forward.
   * @throws PerigeeError `time-refused` where something better keeps the clock, or this is no time that can be.
   */
  set(wallMs: number): Promise<number>;
}
