/** A value as the driver hands it over; rows.ts gives it a type. */
export type Row = Readonly<Record<string, unknown>>;

/** Asks in plain PostgreSQL. */
export interface Sql {
  query(text: string, parameters?: readonly unknown[]): Promise<readonly Row[]>;
}

/** What the backend needs of a database. The embedded one is in embedded/; a PostgreSQL server fits as well. */
export interface Database extends Sql, AsyncDisposable {
  /** Commits once `work` resolves; durable when this resolves. Rolls back when `work` rejects. */
  transaction<T>(work: (sql: Sql) => Promise<T>): Promise<T>;
  /** Several statements with no parameters, in one transaction. */
  script(text: string): Promise<void>;
}
