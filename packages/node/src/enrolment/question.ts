/** Reads what a client asks: a JSON object in one line. */
import { type TlsConnection, TlsError } from "@handclasp/core";
import { fromBase64 } from "@handclasp/core/unstable";
import { Refusal } from "./refusal.ts";
import { type CertificationRequest, readCertificationRequest } from "./request.ts";

/** The ALPN protocol of the channels on which a page asks for its certificate. */
export const enrolmentProtocol = "handclasp-enrolment/1";

/** The most bytes of a question. A request for an RSA key of 8192 bits has about 3,500 bytes in base64. */
const maxQuestion = 2 ** 14;
/** The most characters of a proof. A token of a login service has about a thousand. */
const maxProof = 4096;

export type Question =
  | { readonly type: "revoke" }
  | { readonly type: "enrol"; readonly request: CertificationRequest; readonly proof: string | undefined };

/** Reads the question of a channel. Throws a `Refusal` if it is not one, or a TlsError if the channel fails. */
export async function readQuestion(channel: TlsConnection): Promise<Question> {
  const { type, request, proof } = parse(await readLine(channel));
  if (type === "revoke") return { type };
  if (type !== "enrol") throw new Refusal("the question has an unknown type");
  if (proof !== undefined && (typeof proof !== "string" || proof.length > maxProof))
    throw new Refusal(`the proof is not a text of at most ${maxProof} characters`);
  return { type, request: readRequest(request), proof };
}

async function readLine(channel: TlsConnection): Promise<string> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const bytes = await channel.read();
    if (!bytes) throw new Refusal("the question is not complete");
    parts.push(bytes);
    length += bytes.length;
    if (length > maxQuestion) throw new Refusal("the question is too long");
    if (bytes.includes(0x0a)) return Buffer.concat(parts).toString();
  }
}

function parse(text: string): { readonly type?: unknown; readonly request?: unknown; readonly proof?: unknown } {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null) return value;
  } catch {
    // The refusal below says the same.
  }
  throw new Refusal("the question is no JSON object");
}

function readRequest(request: unknown): CertificationRequest {
  if (typeof request !== "string") throw new Refusal("there is no request for a certificate");
  try {
    return readCertificationRequest(fromBase64(request));
  } catch (error) {
    if (error instanceof Refusal) throw error;
    const reason = TlsError.is(error) && error.code === "weak_key" ? error.message : "it is malformed";
    throw new Refusal(`the request for a certificate: ${reason}`, { cause: error });
  }
}
