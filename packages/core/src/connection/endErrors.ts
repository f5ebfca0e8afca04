import type { TlsError } from "../errors.ts";

/** Returns the error that reads and writes reject with: the same error at each call. */
export type GetEndError = () => TlsError;

/** The errors that the reads, writes and `closed` of one connection reject with because of its end. */
export class EndErrors {
  /** Created with the first error, because most open connections have none. */
  #errors: TlsError[] | undefined;

  add(error: TlsError): GetEndError {
    this.#errors ??= [];
    this.#errors.push(error);
    return () => error;
  }

  /** Makes the error when it is first needed, because its stack trace costs more than all other work of a close. */
  addLazily(make: () => TlsError): GetEndError {
    let getError: GetEndError | undefined;
    return () => {
      getError ??= this.add(make());
      return getError();
    };
  }

  has(error: unknown): boolean {
    return this.#errors?.includes(error as TlsError) ?? false;
  }
}
