/**
 * One side of a proxy: a TCP socket or a WebSocket.
 * @module
 */
import type { Socket } from "node:net";
import type { RawData, WebSocket } from "ws";

export interface LegEvents {
  /** TLS bytes. Over a WebSocket, one binary message, which may be empty. */
  data(bytes: Buffer): void;
  /** A text message of a WebSocket. */
  text(message: string): void;
  /** The side has ended its direction, or is gone. The code is that of a WebSocket's Close frame, otherwise 1000. */
  end(code: number): void;
}

export interface Leg {
  start(events: LegEvents): void;
  send(bytes: Uint8Array): void;
  /** Sends a text message. Over TCP, it does nothing. */
  sendText(message: string): void;
  /** Ends our direction: sends FIN, or a Close frame with this code. */
  end(code: number): void;
  /** Closes without an orderly end: sends RST. */
  reset(): void;
}

export const tcpLeg = (socket: Socket): Leg => ({
  start(events) {
    socket.setNoDelay(true);
    socket.on("data", (bytes) => events.data(bytes));
    for (const event of ["end", "close"]) socket.on(event, () => events.end(1000));
    socket.on("error", () => {});
  },
  send: (bytes) => void (socket.writable && socket.write(bytes)),
  sendText() {},
  end: () => void socket.end(),
  reset: () => void socket.resetAndDestroy(),
});

/** @param socket the TCP socket under the WebSocket */
export const webSocketLeg = (webSocket: WebSocket, socket: Socket): Leg => ({
  start(events) {
    webSocket.on("message", (data: RawData, isBinary: boolean) => {
      // `ws` gives a Buffer unless another type is configured.
      const bytes = data as Buffer;
      if (isBinary) events.data(bytes);
      else events.text(bytes.toString());
    });
    // 1005 and 1006 stand for a missing Close frame, and are never sent.
    webSocket.on("close", (code) => events.end(code === 1005 || code === 1006 ? 1000 : code));
    webSocket.on("error", () => {});
  },
  send: (bytes) => webSocket.send(bytes, { binary: true }, () => {}),
  sendText: (message) => webSocket.send(message, { binary: false }, () => {}),
  end: (code) => webSocket.close(code),
  reset: () => void socket.resetAndDestroy(),
});
