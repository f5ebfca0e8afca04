/** The part of the page that uses Handclasp: it gets a certificate for this browser, and connects with it. */
import { connect, type TlsConnection } from "@handclasp/browser";
import { enrolmentProtocol, Identity } from "@handclasp/browser/enrolment";

const url = `ws://${location.host}/channel`;
const ca = await (await fetch("ca.pem")).text();
const identity = await Identity.open();

/** Opens a channel, with the certificate of this browser if it has one. */
export const open = async (protocol: string): Promise<TlsConnection> =>
  connect(url, { ca, alpn: [protocol], credentials: await identity.credentials() });

/** Gets a certificate, unless this browser has one that is valid for long enough. */
export async function enrol(commonName: string, proof: string): Promise<void> {
  if (identity.needsRenewal) await identity.enrol(await open(enrolmentProtocol), { commonName, proof });
}

/** Renews the certificate. The old certificate is the proof. */
export const renew = async (): Promise<void> => identity.enrol(await open(enrolmentProtocol));

/** Has the server revoke the certificate, and forgets the key. */
export const revoke = async (): Promise<void> => identity.revoke(await open(enrolmentProtocol));
