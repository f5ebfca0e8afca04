/**
 * The requests with which a test drives channels in a page, and the replies. Both are JSON.
 * @module
 */

/** The options of a channel in a page: those of `connect` that are JSON, with names in place of rows. */
export interface PageConnectOptions {
  /** PEM of the trusted CAs. */
  readonly ca?: string | readonly string[];
  readonly pins?: readonly string[];
  readonly insecure?: boolean;
  readonly serverName?: string;
  readonly alpn?: readonly string[];
  /** The IANA names of the suites to offer. */
  readonly suites?: readonly string[];
  /** The names of the groups to offer. */
  readonly groups?: readonly string[];
  /** The provider of cryptography. Default: WebCrypto. */
  readonly provider?: "noble";
  /** The client's certificate and private key, in PEM. */
  readonly credential?: { readonly cert: string; readonly key: string };
  /** `true` keeps the session in the page, and resumes it at the next channel with `sessions`. */
  readonly sessions?: boolean;
  /** In milliseconds. */
  readonly handshakeTimeout?: number;
  /** In milliseconds. */
  readonly closeTimeout?: number;
}

/** A session of the page, without certificates and other bytes. */
export interface PageSession {
  readonly version: "TLSv1.2";
  readonly suite: string;
  readonly group?: string;
  readonly signatureScheme?: string;
  readonly alpn: string | null;
  readonly serverName: string | null;
  readonly resumed: boolean;
  readonly extendedMasterSecret: boolean;
  readonly encryptThenMac: boolean;
}

/** An error of the page: the fields of a TlsError, or the name and the message of any other error. */
export type PageFailure = Readonly<Record<"name" | "message", string>> &
  Readonly<Partial<Record<"code" | "alert" | "by" | "fault" | "advice", string>>>;

/** The methods of channels in a page, by name. Bytes are base64. */
export interface PageMethods {
  connect(url: string, options: PageConnectOptions): Promise<{ id: number; session: PageSession }>;
  write(id: number, base64: string): Promise<void>;
  read(id: number): Promise<string | undefined>;
  echo(id: number, base64: string): Promise<string>;
  echoRandom(id: number, length: number): Promise<boolean>;
  closeWrite(id: number): Promise<void>;
  close(id: number): Promise<void>;
  closed(id: number): Promise<void>;
}

/** A call of a method. */
export interface PageRequest {
  readonly method: keyof PageMethods;
  readonly args: readonly (string | number | PageConnectOptions)[];
}

export type PageReply = { readonly value?: unknown } | { readonly error: PageFailure };
