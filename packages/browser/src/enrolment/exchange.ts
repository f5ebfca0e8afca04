/** One question to the server, and its answer: a JSON object in a line, and a JSON object until the clean end. */
import { type TlsConnection, TlsError } from "@handclasp/core/client";
import { fromBase64, printable, readOwnChain, toBase64 } from "@handclasp/core/unstable";

/** The ALPN protocol of the channels on which a page asks for its certificate. */
export const enrolmentProtocol = "handclasp-enrolment/1";

/** The most bytes of an answer. A chain of ten certificates has about 20,000. */
const maxAnswer = 2 ** 17;
/** A person may decide at the server. */
const defaultTimeout = 60_000;

export interface Question {
  readonly type: "enrol" | "revoke";
  readonly request?: Uint8Array;
  readonly proof?: string | undefined;
}

interface Answer {
  readonly chain?: unknown;
  readonly refused?: unknown;
}

/** Sends a question, returns the answer, and closes the channel. Throws `enrolment_refused` if the answer refuses. */
export async function ask(
  channel: TlsConnection,
  question: Question,
  timeout: number = defaultTimeout,
): Promise<Answer> {
  const { alpn } = channel.session;
  if (alpn !== enrolmentProtocol) {
    throw new TlsError(undefined, `the channel is not for enrolment: its ALPN protocol is ${alpn ?? "absent"}`, {
      code: "no_application_protocol",
      advice: "give connect and the server alpn: [enrolmentProtocol]",
    });
  }
  let late: TlsError | undefined;
  const timer = setTimeout(() => {
    late = refused("the server did not answer in time");
    channel.abort(late);
  }, timeout);
  try {
    const request = question.request && toBase64(question.request);
    await channel.write(new TextEncoder().encode(`${JSON.stringify({ ...question, request })}\n`));
    const answer = parse(await readAll(channel));
    const { refused: reason } = answer;
    if (reason === undefined) return answer;
    throw refused(typeof reason === "string" ? printable(reason, 200) : "the server gave no reason");
  } catch (error) {
    throw late ?? error;
  } finally {
    clearTimeout(timer);
    void channel.close();
  }
}

/** Reads until the clean end. */
async function readAll(channel: TlsConnection): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const bytes of channel) {
    text += decoder.decode(bytes, { stream: true });
    if (text.length > maxAnswer) throw refused("the server's answer is too long");
  }
  return text + decoder.decode();
}

function parse(text: string): Answer {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null) return value;
  } catch {
    // The error below says the same.
  }
  throw refused("the server's answer is no JSON object");
}

/** The chain of an answer, in DER. */
export function chainOf({ chain }: Answer): Uint8Array[] {
  if (!Array.isArray(chain) || !chain.every((one) => typeof one === "string"))
    throw refused("the server's answer has no chain");
  try {
    const certificates = chain.map((text: string) => fromBase64(text));
    readOwnChain(certificates);
    return certificates;
  } catch (cause) {
    throw refused("the server's chain cannot be used", cause);
  }
}

export const refused = (why: string, cause?: unknown): TlsError =>
  new TlsError(undefined, `no certificate: ${why}`, { code: "enrolment_refused", fault: "peer", cause });
