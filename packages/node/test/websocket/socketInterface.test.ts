/** Details of the WebSocket interface that need no server. */
import { SecureWebSocket } from "@handclasp/node/websocket";
import { afterEach, expect, test, vi } from "vitest";

afterEach(() => vi.unstubAllGlobals());

test("a socket without arguments throws TypeError, even where `undefined` is a relative URL", () => {
  vi.stubGlobal("location", new URL("http://page.test/folder/"));
  expect(() => Reflect.construct(SecureWebSocket, [])).toThrow(TypeError);
  expect(Reflect.construct(SecureWebSocket, [undefined]).url).toBe("ws://page.test/folder/undefined");
});
