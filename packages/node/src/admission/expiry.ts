/**
 * The time limits of a server's open connections. Timers of core limit the handshake and the close.
 * @module
 */
import { type TlsConnection, TlsError, type Transport } from "@handclasp/core";
import { wrongOption } from "@handclasp/core/unstable";
import * as defaults from "./limits.ts";

export interface TimeoutOptions {
  /**
   * How long a connection may be idle, in milliseconds: neither side sends data. The connection then ends with
   * `idle_timeout`. A ping of a WebSocket is not data. Default 7,440,000 (two hours and four minutes). `false`: no
   * limit.
   */
  readonly idleTimeout?: number | false;
  /**
   * How long a peer may take none of the data that waits for it, in milliseconds. The connection then ends with
   * `write_timeout`. Default 300,000. `false`: no limit.
   */
  readonly writeTimeout?: number | false;
  /**
   * How long a connection may live, in milliseconds. The server then closes it as `close` does, with a grace period
   * of 5 s: `closing` aborts, and a socket of `createWebSocketServer` closes with 1001. A client with `reconnect`
   * continues its session. Default 604,800,000 (a week). `false`: no limit.
   */
  readonly maxLifetime?: number | false;
}

type Limit = keyof TimeoutOptions;

/** A connection that is watched. The durations are numbers of looks. */
export interface Watched {
  readonly connection: TlsConnection;
  readonly transport: Transport;
  /** It begins with -1, because a connection begins between two looks. */
  age: number;
  idle: number;
  stalled: number;
  /** The number of records at the last look. */
  records: number;
  /** How far the peer had taken our data at the last look. `undefined` if no data waited for it. */
  progress: number | undefined;
}

/** Watches the connections of one server. It has one timer, which does not keep the process alive. */
export class Expiry {
  readonly #limits: Readonly<Record<Limit, number>>;
  readonly #interval: number;
  readonly #onOld: (connection: TlsConnection) => void;
  readonly #watched = new Set<Watched>();
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param options checked options
   * @param onOld closes a connection that has lived for `maxLifetime`
   * @throws TlsError `configuration`
   */
  constructor(options: TimeoutOptions, onOld: (connection: TlsConnection) => void) {
    const limit = (name: Limit, byDefault: number): number => {
      const { [name]: value = byDefault } = options;
      if ((value as unknown) === true) throw wrongOption(name, value, "milliseconds, or false");
      return value === false ? Number.POSITIVE_INFINITY : value;
    };
    this.#limits = {
      idleTimeout: limit("idleTimeout", defaults.idleTimeout),
      writeTimeout: limit("writeTimeout", defaults.writeTimeout),
      maxLifetime: limit("maxLifetime", defaults.maxLifetime),
    };
    this.#interval = Math.min(...Object.values(this.#limits)) / defaults.looksPerTimeout;
    this.#onOld = onOld;
  }

  add(connection: TlsConnection, transport: Transport): Watched {
    const watched = { connection, transport, age: -1, idle: 0, stalled: 0, records: 0, progress: undefined };
    this.#watched.add(watched);
    this.#schedule();
    return watched;
  }

  delete(watched: Watched): void {
    this.#watched.delete(watched);
    if (this.#watched.size) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #schedule(): void {
    if (this.#interval < Number.POSITIVE_INFINITY)
      this.#timer ??= setTimeout(() => this.#look(), this.#interval).unref();
  }

  #look(): void {
    this.#timer = undefined;
    for (const watched of this.#watched) this.#lookAt(watched);
    if (this.#watched.size) this.#schedule();
  }

  #lookAt(watched: Watched): void {
    const { connection, transport } = watched;
    const { idleTimeout, writeTimeout, maxLifetime } = this.#limits;
    const { recordsReceived, recordsSent } = connection.traffic;
    const records = recordsReceived + recordsSent;
    watched.idle = records === watched.records ? watched.idle + 1 : 0;
    watched.records = records;
    const progress = transport.sendProgress;
    watched.stalled = progress !== undefined && progress === watched.progress ? watched.stalled + 1 : 0;
    watched.progress = progress;
    if (this.#isOver(watched.stalled, writeTimeout)) fail(watched, writeTimeoutError(writeTimeout));
    else if (this.#isOver(watched.idle, idleTimeout)) fail(watched, idleTimeoutError(idleTimeout));
    else if (this.#isOver(++watched.age, maxLifetime)) {
      watched.age = Number.NEGATIVE_INFINITY;
      this.#onOld(connection);
    }
  }

  #isOver(looks: number, limit: number): boolean {
    return looks * this.#interval >= limit;
  }
}

/**
 * Ends a connection without an alert, so the peer sees that data may be missing, and can resume the session. A
 * transport of your own may lack `fail`.
 */
function fail({ connection, transport }: Watched, error: TlsError): void {
  if (transport.fail) transport.fail(error);
  else connection.abort(error);
}

const idleTimeoutError = (ms: number): TlsError =>
  new TlsError(undefined, `neither side has sent anything for ${ms} ms`, {
    code: "idle_timeout",
    advice: "if peers may be silent for so long, raise idleTimeout",
  });

const writeTimeoutError = (ms: number): TlsError =>
  new TlsError(undefined, `the peer has taken no data for ${ms} ms`, {
    code: "write_timeout",
    advice: "if peers may stop to read for so long, raise writeTimeout",
  });
