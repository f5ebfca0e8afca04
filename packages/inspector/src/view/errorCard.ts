/**
 * Shows a failure: the error, the side that noticed it, the alert and what to do.
 * @module
 */
import { TlsError } from "@handclasp/core";
import { h } from "../dom.ts";
import type { Say, Text } from "../text.ts";
import type { View } from "./view.ts";

export function errorCard(error: Error, { say, story }: View): HTMLElement {
  if (!TlsError.is(error)) {
    return h(
      "div",
      { class: "failure", "data-testid": "error", role: "alert" },
      h("h3", {}, say({ en: "The connection failed", ko: "연결이 실패했습니다" })),
      h("p", { "data-testid": "error-message" }, error.message),
    );
  }
  const us = error.by === "us";
  const client = us === (story.role === "client");
  const facts: readonly (readonly [id: string, name: Text, value: string])[] = [
    ["code", { en: "code", ko: "코드" }, error.code],
    ["alert", { en: "alert", ko: "경보" }, error.alert ?? say({ en: "none", ko: "없음" })],
    [
      "noticed-by",
      { en: "noticed by", ko: "알아챈 쪽" },
      say(client ? { en: "the client", ko: "클라이언트" } : { en: "the server", ko: "서버" }),
    ],
    // The end that notices the attack cannot know it, so its error blames the peer. The page knows.
    ["fault", { en: "fault", ko: "책임" }, story.isAttacked ? say({ en: "the path", ko: "경로" }) : error.fault],
  ];
  return h(
    "div",
    { class: "failure", "data-testid": "error", role: "alert" },
    h("h3", { "data-testid": "error-message" }, sentence(error)),
    h(
      "dl",
      {},
      ...facts.map(([id, name, value]) =>
        h("div", {}, h("dt", {}, say(name)), h("dd", { "data-testid": `error-${id}` }, value)),
      ),
    ),
    h("p", { class: "advice" }, h("strong", {}, say({ en: "Advice: ", ko: "조언: " })), advice(error, say)),
  );
}

/** Returns the message without the advice, which the card shows below the message. */
function sentence({ message, advice = "" }: TlsError): string {
  const text = message.replace(` (${advice})`, "");
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

const advices: Readonly<Record<"transport" | "configuration" | "certificate" | "peer" | "other", Text>> = {
  transport: {
    en: "check that the server is running and reachable, then connect again.",
    ko: "서버가 실행 중이고 닿을 수 있는지 확인한 뒤 다시 연결하세요.",
  },
  configuration: {
    en: "choose another suite or group above.",
    ko: "위에서 다른 암호 모음이나 그룹을 고르세요.",
  },
  certificate: {
    en: "do not send anything. The server needs a valid certificate for this host, from a CA that this page trusts.",
    ko: "아무것도 보내지 마세요. 서버에는 이 페이지가 신뢰하는 CA가 이 호스트에 발급한 유효한 인증서가 필요합니다.",
  },
  peer: {
    en:
      "connect again. That is safe, because no altered data was accepted. If the error comes back without tampering, " +
      "the last rows of the ladder show where the handshake failed.",
    ko:
      "다시 연결하세요. 바뀐 데이터를 받아들이지 않았으므로 안전합니다. 변조가 없는데도 오류가 되풀이되면 " +
      "사다리의 마지막 줄들이 핸드셰이크가 실패한 곳을 보여 줍니다.",
  },
  other: {
    en: "connect again. If the error comes back, it is a bug in Handclasp.",
    ko: "다시 연결하세요. 오류가 되풀이되면 Handclasp의 버그입니다.",
  },
};

function advice(error: TlsError, say: Say): string {
  if (error.advice) return error.advice;
  const { fault, alert } = error;
  if (fault === "peer") return say(/certificate|unknown_ca/.test(alert ?? "") ? advices.certificate : advices.peer);
  return say(fault === "transport" || fault === "configuration" ? advices[fault] : advices.other);
}
