/**
 * supported_versions, RFC 8446 §4.2.1: if a client sends the extension, it replaces client_version. A client that
 * speaks only TLS 1.3 then gets an alert at once instead of a ServerHello that it must reject. The server never answers
 * the extension, because server_version announces TLS 1.2.
 * @module
 */
import { type Codec, list, uint16 } from "../../wire/codec.ts";
import { decodeData, type ServerExtension } from "./extension.ts";

const versions: Codec<readonly number[]> = list(1, uint16, 2);

export const supportedVersionsServer: ServerExtension<"versions"> = {
  id: 43,
  name: "supported_versions",
  read(data) {
    return decodeData(this, versions, data);
  },
};
