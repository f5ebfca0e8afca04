/** Credit between two WebSockets: what each side may send, and what a peer can make the other do. */
import { describe, expect, test } from "vitest";
import { WebSocketCredit } from "../../src/connection/webSocketCredit.ts";
import { WebSocketSender } from "../../src/connection/webSocketSender.ts";

const mebibyte = 2 ** 20;
const window = 2 * mebibyte;
const step = mebibyte;

interface Side {
  readonly sender: WebSocketSender;
  readonly credit: WebSocketCredit;
  /** All messages that this side sent: the length of a binary message, or the text. */
  readonly sent: (number | string)[];
  readonly state: { readyState: number; closed?: number };
}

/** Two sides whose messages arrive at once. A side without `peer` keeps its messages to itself. */
function side(peer?: () => Side): Side {
  const sent: (number | string)[] = [];
  const state: Side["state"] = { readyState: 1 };
  const socket = {
    get readyState() {
      return state.readyState;
    },
    bufferedAmount: 0,
    close(code?: number) {
      state.closed = code ?? 1005;
    },
  };
  const send = (message: string | Uint8Array): void => {
    sent.push(typeof message === "string" ? message : message.length);
    const to = peer?.();
    if (typeof message === "string") to?.credit.receiveText(message);
    else to?.credit.receive(message.length);
  };
  const sender = new WebSocketSender(socket, send);
  return { sender, sent, state, credit: new WebSocketCredit(sender, window, step, send) };
}

/** A page that has announced credit, and its server. */
function pair(): { page: Side; server: Side } {
  const sides: { page: Side; server: Side } = { page: side(() => sides.server), server: side(() => sides.page) };
  sides.page.credit.announce();
  return sides;
}

describe("a page and a server", () => {
  test("agree on credit with one empty message each, and give it as text", () => {
    const { page, server } = pair();
    expect([page.sent, server.sent]).toEqual([
      [0, String(window)],
      [0, String(window)],
    ]);
    expect([page.credit.hasAgreed, server.credit.hasAgreed]).toEqual([true, true]);
  });

  test("send no more than the credit, and one message in excess of it", () => {
    const { page, server } = pair();
    page.credit.pause();
    for (let i = 0; i < 10; i++) server.sender.send(new Uint8Array(mebibyte - 1));
    expect(server.sender.sentBytes).toBe(3 * (mebibyte - 1));
    expect(server.sender.isStarved).toBe(true);
    expect(server.sender.send(new Uint8Array(1))).toBe("full");
  });

  test("go on when the receiver gives credit again, in order", () => {
    const { page, server } = pair();
    page.credit.pause();
    for (let i = 0; i < 10; i++) server.sender.send(new Uint8Array(mebibyte));
    expect(server.sender.buffered).toBe(8 * mebibyte);
    page.credit.resume();
    expect([server.sender.buffered, server.sender.isStarved]).toEqual([0, false]);
    expect(server.sender.takeDrained(0)).toBe(true);
  });

  test("give credit once for each step that arrives", () => {
    const { page, server } = pair();
    for (let i = 0; i < 1000; i++) server.sender.send(new Uint8Array(2 ** 15));
    const texts = page.sent.filter((message) => typeof message === "string");
    expect(texts.length).toBeLessThan(1 + (1000 * 2 ** 15) / step);
    const totals = texts.map(Number);
    expect(totals).toEqual([...totals].sort((a, b) => a - b));
  });

  test("close in order only after the messages that wait for credit, and as failed at once", () => {
    for (const [code, isClosed] of [
      [1000, false],
      [4000, true],
    ] as const) {
      const { page, server } = pair();
      page.credit.pause();
      for (let i = 0; i < 4; i++) server.sender.send(new Uint8Array(mebibyte));
      server.sender.close(code);
      expect(server.state.closed).toBe(isClosed ? code : undefined);
      if (isClosed) expect(server.sender.sentBytes).toBe(4 * mebibyte);
      page.credit.resume();
      expect(server.state.closed).toBe(code);
      expect(server.sender.send(new Uint8Array(1))).toBe("gone");
    }
  });
});

describe("a foreign peer", () => {
  test("that ignores the announcement is never limited, and cannot be paused", () => {
    const page = side();
    page.credit.announce();
    page.credit.receive(100);
    page.sender.send(new Uint8Array(10 * mebibyte));
    expect([page.sender.sentBytes, page.credit.pause()]).toEqual([10 * mebibyte, false]);
    page.credit.receive(0);
    expect(page.credit.hasAgreed).toBe(false);
  });

  test("whose first message is empty by chance gets an empty answer and no text", () => {
    const server = side();
    server.credit.receive(0);
    server.credit.receive(100);
    server.sender.send(new Uint8Array(10 * mebibyte));
    expect([server.sent[0], server.sender.sentBytes]).toEqual([0, 10 * mebibyte]);
    expect(server.sent.every((message) => typeof message === "number")).toBe(true);
  });
});

describe("credit is refused", () => {
  const announced = (): Side => {
    const server = side();
    server.credit.receive(0);
    return server;
  };

  test("from a peer that did not announce it", () => {
    expect(() => side().credit.receiveText("100000")).toThrow(expect.objectContaining({ code: "text_message" }));
  });

  test.each(["", "0", "-1", "65535", "01000000", "1e6", "1000000.5", " 1000000", "1000000 ", "0x100000", "hello"])(
    "that is %j",
    (text) => {
      expect(() => announced().credit.receiveText(text)).toThrow(expect.objectContaining({ code: "text_message" }));
    },
  );

  test("that rises by less than 64 KiB, or falls", () => {
    const { credit } = announced();
    credit.receiveText("1000000");
    for (const text of ["1000000", "1000001", "1065535", "999999"]) expect(() => credit.receiveText(text)).toThrow();
    credit.receiveText("1065536");
  });

  test("that is more than 16 MiB ahead of what was sent", () => {
    const { credit, sender } = announced();
    expect(() => credit.receiveText(String(16 * mebibyte + 1))).toThrow();
    credit.receiveText(String(16 * mebibyte));
    sender.send(new Uint8Array(mebibyte));
    credit.receiveText(String(17 * mebibyte));
  });
});
