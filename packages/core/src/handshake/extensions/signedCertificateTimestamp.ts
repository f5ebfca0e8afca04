/**
 * signed_certificate_timestamp, RFC 6962 §3.3.1: the timestamps of certificate logs for the server's
 * certificate. The application gets them unverified.
 * @module
 */
import { bytes, type Codec, empty, list } from "../../wire/codec.ts";
import { type ClientExtension, decodeData, type ServerExtension } from "./extension.ts";

const id = 18;
const name = "signed_certificate_timestamp";
/** SignedCertificateTimestampList. */
export const timestampList: Codec<readonly Uint8Array[]> = list(2, bytes(2, 1), 1);

export const signedCertificateTimestampClient: ClientExtension<"signedCertificateTimestamps"> = {
  id,
  name,
  offer: (config) => (config.signedCertificateTimestamps ? new Uint8Array(0) : undefined),
  accept(answer) {
    decodeData(this, timestampList, answer);
    return answer;
  },
};

export const signedCertificateTimestampServer: ServerExtension<"signedCertificateTimestamps"> = {
  id,
  name,
  read(data) {
    decodeData(this, empty, data);
    return true;
  },
  answer(_, { credential }) {
    const data = credential?.credential.signedCertificateTimestamps;
    return data && { data, agreed: data };
  },
};
