import type { TlsError } from "../errors.ts";

/** The error that reads and writes reject with; each call returns the same one. */
export type Ending = () => TlsError;

/** The errors that the reads, writes and `closed` of one connection reject with. */
export class Endings {
  /** Created with the first error, because most open connections have none. */
  #errors: TlsError[] | undefined;

  add(error: TlsError): Ending {
    this.#errors ??= [];
    this.#errors.push(error);
    return () => error;
  }

  /** The error is made when it is first needed: its stack trace costs more than the rest of an orderly close. */
  lazy(make: () => TlsError): Ending {
    let ending: Ending | undefined;
    return () => {
      ending ??= this.add(make());
      return ending();
    };
  }

  has(error: unknown): boolean {
    return this.#errors?.includes(error as TlsError) ?? false;
  }
}
