/**
 * server_name, RFC 6066 §3: which host the client wants. IP addresses are never sent.
 * @module
 */
import { ascii, latin1 } from "../../bytes/bytes.ts";
import { TlsError } from "../../errors.ts";
import { bytes, type Codec, empty, encode, list, struct, uint8 } from "../../wire/codec.ts";
import { type ClientExtension, read, type ServerExtension } from "./extension.ts";

const id = 0;
const name = "server_name";
const hostName = 0;
const names: Codec<readonly { readonly nameType: number; readonly name: Uint8Array }[]> = list(
  2,
  struct({ nameType: uint8, name: bytes(2, 1) }),
  1,
);
const isIp = (host: string): boolean => host.includes(":") || /^[0-9.]+$/.test(host);

export const serverNameClient: ClientExtension = {
  id,
  name,
  offer({ serverName }) {
    if (serverName === undefined || isIp(serverName)) return undefined;
    return encode(names, [{ nameType: hostName, name: ascii(serverName.replace(/\.$/, "")) }]);
  },
  accept(answer) {
    read(this, empty, answer);
  },
};

export const serverNameServer: ServerExtension = {
  id,
  name,
  read(data, offer) {
    const sent = read(this, names, data);
    const [first] = sent;
    if (sent.length !== 1 || first?.nameType !== hostName)
      throw new TlsError("decode_error", "server_name: exactly one host_name is wanted");
    const host = latin1(first.name);
    if (!/^[A-Za-z0-9._-]{1,255}$/.test(host)) throw new TlsError("decode_error", "server_name: not a host name");
    offer.serverName = host.toLowerCase();
  },
  /** Not where a session is resumed: it has the name already (RFC 6066 §3). */
  answer: (offer, agreement) => (offer.serverName === undefined || agreement.resumed ? undefined : new Uint8Array(0)),
};
