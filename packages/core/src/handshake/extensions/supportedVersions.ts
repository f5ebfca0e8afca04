/**
 * supported_versions, RFC 8446 §4.2.1: where a client says it, it counts, and client_version does not. So one that speaks TLS 1.3 alone is told at once
 * that we do not, and not by a ServerHello that it cannot take. It is never answered: TLS 1.2 is said in server_version.
 * @module
 */
import { type Codec, list, uint16 } from "../../wire/codec.ts";
import { read, type ServerExtension } from "./extension.ts";

const versions: Codec<readonly number[]> = list(1, uint16, 2);

export const supportedVersionsServer: ServerExtension<"versions"> = {
  id: 43,
  name: "supported_versions",
  read(data) {
    return read(this, versions, data);
  },
};
