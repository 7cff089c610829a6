/** A listener that is slower than the ticks gets those that lie nearest to its own rhythm. */
export function isDue(dueUs: number, tickUs: number, tickPeriodUs: number): boolean {
  return dueUs <= tickUs + tickPeriodUs / 2;
}

/** Keeps the mean rate; begins anew for a newcomer (`-Infinity`) and after a stall, instead of catching up. */
export function nextDue(dueUs: number, tickUs: number, periodUs: number): number {
  const nextUs = dueUs + periodUs;
  return nextUs > tickUs ? nextUs : tickUs + periodUs;
}
