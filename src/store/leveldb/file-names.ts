/** What LevelDB calls its files (LevelDB, doc/impl.md); `sst` until version 1.14. */
export const LOG_NAME = /^\d+\.log$/;
export const TABLE_NAME = /^\d+\.(ldb|sst)$/;
