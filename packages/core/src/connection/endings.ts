import type { TlsError } from "../errors.ts";

/** Why reads and writes fail; the same error at each call. */
export type Ending = () => TlsError;

/** What reads, writes and `closed` of a connection reject with: how it ended, and that this side has closed. */
export class Endings {
  /** Made at the first: most connections have none for as long as they live. */
  #errors: TlsError[] | undefined;

  add(error: TlsError): Ending {
    this.#errors ??= [];
    this.#errors.push(error);
    return () => error;
  }

  /** The error is made when somebody asks: its stack costs more than the rest of an orderly close. */
  later(make: () => TlsError): Ending {
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
