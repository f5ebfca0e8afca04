/**
 * server_name, RFC 6066 §3: the host name that the client asks for. IP addresses are never sent.
 * @module
 */
import { ascii, latin1 } from "../../bytes/bytes.ts";
import { TlsError } from "../../errors.ts";
import { bytes, type Codec, empty, encode, list, struct, uint8 } from "../../wire/codec.ts";
import { matchesReference } from "../../x509/name.ts";
import { type ClientExtension, decodeData, emptyAnswer, type ServerExtension } from "./extension.ts";

const id = 0;
const name = "server_name";
const hostName = 0;
/** A list of names of any type. All types begin with a length of two bytes (RFC 6066 §3). */
const names: Codec<readonly { readonly nameType: number; readonly name: Uint8Array }[]> = list(
  2,
  struct({ nameType: uint8, name: bytes(2) }),
  1,
);
const illegal = (why: string): TlsError => new TlsError("illegal_parameter", `server_name: ${why}`);
const isIp = (host: string): boolean => host.includes(":") || /^[0-9.]+$/.test(host);

export const serverNameClient: ClientExtension<"serverName"> = {
  id,
  name,
  offer({ serverName }) {
    if (serverName === undefined || isIp(serverName)) return undefined;
    return encode(names, [{ nameType: hostName, name: ascii(serverName.replace(/\.$/, "")) }]);
  },
  accept(answer) {
    decodeData(this, empty, answer);
    return true;
  },
};

export const serverNameServer: ServerExtension<"serverName"> = {
  id,
  name,
  /** Skips names of unknown types. */
  read(data) {
    const hosts = decodeData(this, names, data).filter(({ nameType }) => nameType === hostName);
    if (hosts.length > 1) throw illegal(`${hosts.length} host names, at most one is allowed`);
    const [sent] = hosts;
    if (!sent) return undefined;
    const host = latin1(sent.name);
    if (!/^[A-Za-z0-9._-]{1,255}$/.test(host)) throw illegal("not a host name");
    return host.toLowerCase();
  },
  /**
   * Answers if the name decided which certificate the server sends, or whether it accepts the client (RFC 6066 §3). A
   * resumed handshake has no credential here and does not answer, because the session has the name already.
   */
  answer: (name, { config: { chooseCredentials, credentials, strictSni }, credential }) =>
    credential &&
    (chooseCredentials || credentials.length > 1 || strictSni) &&
    matchesReference(credential.certificate, name)
      ? emptyAnswer
      : undefined,
};
