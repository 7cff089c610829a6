import { describeRecording } from '../domain/index.js';
import type { GatewayStatus, RecordingReader } from '../domain/index.js';

export type RecordingStatus = Pick<GatewayStatus, 'lostObservations' | 'recording'>;

/** Whether all that is measured is kept, as everybody is told: here, on the page and over the air. */
export function recordingStatus(
  store: RecordingReader,
  recorder: { readonly lost: number },
): RecordingStatus {
  const recording = store.recording();
  return {
    lostObservations: recorder.lost,
    recording: { kind: recording.kind, text: describeRecording(recording) },
  };
}
