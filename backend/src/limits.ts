/** The largest request body. Gateways stay below 200 kB; the rest of the way is what proxies let through by default. */
export const BATCH_BYTES_MAX = 1024 * 1024;
/** A gateway cuts at 500 observations; twenty times that leaves room for senders that batch longer. */
export const BATCH_OBSERVATIONS_MAX = 10_000;
/** A gateway cuts at 10,000; ten times that is about what a full body can carry, at nine bytes a sample. */
export const BATCH_SAMPLES_MAX = 100_000;
/** Every sample of a gateway's batch (10,000) could name a series of its own. */
export const BATCH_SERIES_MAX = 10_000;
/** A gateway sends 50 at a time. */
export const BATCH_RUNS_MAX = 500;
/** Epochs are uint32 on the wire, and integer (31 bits) in SQL; a store that opens every second needs 68 years. */
export const EPOCH_MAX = 2 ** 31 - 1;

/** Metric names seen in the field stay below 80. */
export const SERIES_NAME_MAX = 128;
/** Labels are for image, host and the like; more would be data in the wrong place. */
export const LABELS_MAX = 16;
export const LABEL_NAME_MAX = 64;
export const LABEL_VALUE_MAX = 256;

/** Versions, digests, states: 64 hexadecimal digits are the longest that is meant. */
export const RUN_TEXT_MAX = 256;
/** Carries what a crashed guest printed last. */
export const RUN_REASON_MAX = 1024;
/** QEMU's argument list has about 60; paths are at most 4096 on Linux. */
export const COMMAND_LINE_MAX = 256;
export const ARGUMENT_MAX = 4096;

/** Rows of one answer, unless the client asks for fewer. */
export const ROWS_DEFAULT = 1_000;
/** About 1.5 MB of JSON. */
export const ROWS_MAX = 10_000;
