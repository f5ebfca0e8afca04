/**
 * signed_certificate_timestamp, RFC 6962 §3.3.1: what logs say of the server's certificate, passed on as it is.
 * @module
 */
import { bytes, type Codec, empty, list } from "../../wire/codec.ts";
import { type ClientExtension, read, type ServerExtension } from "./extension.ts";

const id = 18;
const name = "signed_certificate_timestamp";
/** SignedCertificateTimestampList. */
export const timestampList: Codec<readonly Uint8Array[]> = list(2, bytes(2, 1), 1);

export const signedCertificateTimestampClient: ClientExtension = {
  id,
  name,
  offer: (config) => (config.signedCertificateTimestamps ? new Uint8Array(0) : undefined),
  accept(answer, agreement) {
    read(this, timestampList, answer);
    agreement.signedCertificateTimestamps = answer;
  },
};

export const signedCertificateTimestampServer: ServerExtension = {
  id,
  name,
  read(data, offer) {
    read(this, empty, data);
    offer.signedCertificateTimestamps = true;
  },
  answer: (offer, _agreement, _config, credential) =>
    offer.signedCertificateTimestamps ? credential?.credential.signedCertificateTimestamps : undefined,
};
