/** Details of the WebSocket interface that WPT tests and that need no server. */
import { CloseEvent, SecureWebSocket } from "@handclasp/node/websocket";
import { afterEach, expect, test, vi } from "vitest";

afterEach(() => vi.unstubAllGlobals());

test("a socket without arguments throws TypeError, even where `undefined` is a relative URL", () => {
  vi.stubGlobal("location", new URL("http://page.test/folder/"));
  expect(() => Reflect.construct(SecureWebSocket, [])).toThrow(TypeError);
  expect(Reflect.construct(SecureWebSocket, [undefined]).url).toBe("ws://page.test/folder/undefined");
});

test("CloseEvent is for `instanceof`, and converts as WebIDL does", () => {
  expect(new CloseEvent("close")).toMatchObject({ type: "close", code: 0, reason: "", wasClean: false });
  const init = { code: 65_537, reason: "\ud800", wasClean: true, cancelable: true };
  expect(new CloseEvent("close", init)).toMatchObject({
    code: 1,
    reason: "\ufffd",
    wasClean: true,
    cancelable: true,
  });
  expect(() => Reflect.construct(CloseEvent, [])).toThrow(TypeError);
  expect(() => Reflect.construct(CloseEvent, ["close", 1])).toThrow(TypeError);
});

test("CloseEvent has the properties that WebIDL gives to an interface", () => {
  expect(CloseEvent.length).toBe(1);
  expect(CloseEvent.name).toBe("CloseEvent");
  expect(Object.prototype.toString.call(new CloseEvent("close"))).toBe("[object CloseEvent]");
  for (const name of ["code", "reason", "wasClean"]) {
    const { get, set, enumerable } = Object.getOwnPropertyDescriptor(CloseEvent.prototype, name) ?? {};
    expect({ set, enumerable }).toEqual({ set: undefined, enumerable: true });
    expect(() => get?.call({})).toThrow(TypeError);
  }
});
