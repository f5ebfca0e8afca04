/// <reference lib="esnext.disposable" preserve="true" />
import { ignore } from "../flow.ts";

/** Defines the method `[Symbol.asyncDispose]` if the symbol exists. The method calls `close` and never rejects. */
export function closeAtDispose<T extends { close(): Promise<unknown> }>(prototype: T): void {
  if (Symbol.asyncDispose)
    Object.defineProperty(prototype, Symbol.asyncDispose, {
      value(this: T): Promise<unknown> {
        return this.close().catch(ignore);
      },
    });
}
