/** A relay on loopback that cuts its connections in the middle of what they carry, at places that a seed decides. */
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** Numbers from 0 to 1. The same seed gives the same numbers (the generator is mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The seed of a test: that of the environment, so that a failure can be repeated, or a new one. */
export const seedOf = (): number => Number(process.env.HANDCLASP_SEED ?? Date.now() % 2 ** 31);

export class CuttingRelay {
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;
  #bytesLeft = Number.POSITIVE_INFINITY;

  private constructor(port: number) {
    this.#server = createServer((near) => {
      const far = connect(port, "127.0.0.1");
      this.#pass(near, far);
      this.#pass(far, near);
    });
  }

  static async open(port: number): Promise<CuttingRelay> {
    const relay = new CuttingRelay(port);
    await new Promise<void>((resolve) => relay.#server.listen(0, "127.0.0.1", resolve));
    return relay;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Cuts all connections once they have carried this number of bytes more. The last piece is cut too. */
  cutAfter(bytes: number): void {
    this.#bytesLeft = bytes;
  }

  cut(): void {
    this.#bytesLeft = Number.POSITIVE_INFINITY;
    for (const socket of this.#sockets) socket.destroy();
  }

  close(): void {
    this.cut();
    this.#server.close();
  }

  #pass(from: Socket, to: Socket): void {
    this.#sockets.add(from);
    from.on("error", () => {});
    from.on("close", () => {
      this.#sockets.delete(from);
      to.destroy();
    });
    from.on("end", () => to.end());
    from.on("data", (bytes) => {
      this.#bytesLeft -= bytes.length;
      if (this.#bytesLeft > 0) return void to.write(bytes);
      to.write(bytes.subarray(0, bytes.length + this.#bytesLeft), () => this.cut());
      this.#bytesLeft = Number.POSITIVE_INFINITY;
    });
  }
}
