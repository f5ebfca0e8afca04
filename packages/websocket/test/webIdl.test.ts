import { expect, test } from "vitest";
import { shape } from "../src/webIdl.ts";

test("a class has the name of its interface, whatever a bundler calls it, and members that are enumerable", () => {
  class CloseEvent2 {
    get code(): number {
      return 0;
    }
  }
  shape(CloseEvent2, "CloseEvent");
  expect(CloseEvent2.name).toBe("CloseEvent");
  expect(Object.prototype.toString.call(new CloseEvent2())).toBe("[object CloseEvent]");
  expect(Object.keys(CloseEvent2.prototype)).toEqual(["code"]);
});
