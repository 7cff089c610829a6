/** The device that a radio runs on, for as long as it runs. */
export interface DeviceLease extends AsyncDisposable {
  readonly device: number;
  /** Whether it is still there. */
  readonly present: () => boolean;
}
