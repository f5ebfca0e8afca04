/**
 * Shows the decoded certificates of a message, the chain that they form, and the reason if one was refused.
 * @module
 */
import { type CertificateError, parseCertificate, TlsError } from "@handclasp/core";
import { type DescribedCertificate, describeCertificate } from "@handclasp/core/describe";
import { h } from "../dom.ts";
import type { Text } from "../text.ts";
import type { View } from "./view.ts";

const labels: Readonly<Record<string, Text>> = {
  subject: { en: "name", ko: "이름" },
  subjectAltNames: { en: "valid for", ko: "유효한 이름" },
  issuer: { en: "issuer", ko: "발급자" },
  notBefore: { en: "valid from", ko: "유효 시작" },
  notAfter: { en: "valid until", ko: "유효 끝" },
  publicKey: { en: "key", ko: "키" },
  keyUsage: { en: "key usage", ko: "키 용도" },
  extendedKeyUsage: { en: "purpose", ko: "목적" },
  basicConstraints: { en: "CA", ko: "CA 여부" },
  extensions: { en: "extensions", ko: "확장" },
  signatureAlgorithm: { en: "signed with", ko: "서명 방식" },
  fingerprint: { en: "SHA-256", ko: "SHA-256" },
};

export function chainFigure(certificates: readonly Uint8Array[], view: View): HTMLElement {
  const { say } = view;
  return h(
    "ol",
    { class: "chain", "data-testid": "chain", "aria-label": say({ en: "The certificate chain", ko: "인증서 사슬" }) },
    ...certificates.map((der) => h("li", {}, certificateCard(der, view))),
    h(
      "li",
      { class: "quiet" },
      say({
        en: "The chain ends at a CA that the other side trusts. This CA’s certificate need not be sent.",
        ko: "사슬은 상대가 신뢰하는 CA에서 끝납니다. 그 CA의 인증서는 보내지 않아도 됩니다.",
      }),
    ),
  );
}

function certificateCard(der: Uint8Array, { say }: View): HTMLElement {
  let described: DescribedCertificate;
  try {
    described = describeCertificate(parseCertificate(der));
  } catch (error) {
    return h("p", { class: "refused" }, error instanceof Error ? error.message : String(error));
  }
  const rows = Object.entries(labels).flatMap(([name, label]) => {
    const value = described[name];
    const text = Array.isArray(value) ? value.join(", ") : value;
    if (typeof text !== "string" || text === "") return [];
    return [h("div", {}, h("dt", {}, say(label)), h("dd", {}, h("code", {}, text)))];
  });
  return h("dl", { class: "fields" }, ...rows);
}

/** The error of a refused certificate, or `undefined` if the failure has another reason. */
export const certificateErrorOf = (error: Error): CertificateError | undefined =>
  TlsError.is(error) && error.by === "us" && "reason" in error && "position" in error
    ? (error as CertificateError)
    : undefined;

/** Shows why a certificate was refused. */
export const refusal = ({ reason, code, position }: CertificateError, { say }: View): HTMLElement => {
  const which = position ?? 0;
  return h(
    "p",
    { class: "refused", "data-testid": "refused" },
    h("strong", {}, say({ en: `Refused (${code}): `, ko: `거부됨 (${code}): ` })),
    say({ en: `certificate ${which} of the chain: ${reason}`, ko: `사슬의 ${which}번 인증서: ${reason}` }),
  );
};
