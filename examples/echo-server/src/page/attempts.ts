/**
 * The things to try: attacks and faults, each with its effect and the reason.
 * @module
 */

import type { Attack, FlipTarget } from "./tamper.ts";
import type { Text } from "./text.ts";

export interface Attempt {
  readonly title: Text;
  /** The effect and its reason. */
  readonly text: Text;
  /** The path of the server. Default: `"channel"`. */
  readonly path?: string;
  /** The file with the CA that the page trusts. Default: `"ca.pem"`. */
  readonly ca?: string;
  readonly sendsCertificate?: true;
  readonly resumes?: true;
  readonly attack?: Attack;
}

const flip = (target: FlipTarget, name: string | Text, text: Text): Attempt => {
  const of = typeof name === "string" ? { en: name, ko: name } : name;
  return {
    title: { en: `Flip one bit of ${of.en}`, ko: `${of.ko}의 비트 하나 뒤집기` },
    text,
    attack: { type: "flip", target },
  };
};

/** The attempts before and during the handshake. */
export const attempts: Readonly<Record<string, Attempt>> = {
  client_hello: flip("client_hello", "ClientHello", {
    en:
      "The two sides use different client randoms, so a signature or a Finished does not verify: decrypt_error, or " +
      "bad_record_mac if the keys already differ. It is the path’s fault.",
    ko:
      "양쪽이 서로 다른 클라이언트 난수를 쓰게 되어 서명이나 Finished가 검증되지 않습니다: decrypt_error, " +
      "키가 이미 다르면 bad_record_mac. 경로의 잘못입니다.",
  }),
  server_hello: flip("server_hello", "ServerHello", {
    en:
      "The two sides use different server randoms. With ECDHE, the signature in ServerKeyExchange " +
      "covers both randoms, so " +
      "the client refuses it: decrypt_error. With RSA, the keys differ: bad_record_mac. It is the path’s fault.",
    ko:
      "양쪽이 서로 다른 서버 난수를 쓰게 됩니다. ECDHE에서는 ServerKeyExchange의 서명이 두 난수를 덮으므로 클라이언트가 거절합니다: " +
      "decrypt_error. RSA에서는 키가 달라집니다: bad_record_mac. 경로의 잘못입니다.",
  }),
  certificate: flip("certificate", "Certificate", {
    en: "The CA’s signature no longer fits the certificate, so the client refuses it: bad_certificate.",
    ko: "CA의 서명이 인증서와 맞지 않아 클라이언트가 거절합니다: bad_certificate.",
  }),
  server_key_exchange: flip("server_key_exchange", "ServerKeyExchange", {
    en:
      "The server’s signature does not verify: decrypt_error. Without this signature, an attacker " +
      "could use its own key.",
    ko: "서버의 서명이 검증되지 않습니다: decrypt_error. 이 서명이 없으면 공격자가 자기 키를 쓸 수 있습니다.",
  }),
  client_key_exchange: flip("client_key_exchange", "ClientKeyExchange", {
    en:
      "The two sides get different premaster secrets. With RSA, the server must not tell that the " +
      "padding is wrong: it " +
      "goes on with a random secret, and the first encrypted record fails with bad_record_mac (RFC 5246 §7.4.7.1).",
    ko:
      "양쪽의 premaster secret이 달라집니다. RSA에서 서버는 패딩이 틀렸다고 알려 주면 안 됩니다. 무작위 비밀로 계속하고, " +
      "첫 암호화 레코드가 bad_record_mac으로 실패합니다 (RFC 5246 §7.4.7.1).",
  }),
  change_cipher_spec: flip("change_cipher_spec", "ChangeCipherSpec", {
    en: "The message has only one valid value, 1, so the server refuses the changed byte with an alert.",
    ko: "이 메시지의 올바른 값은 1 하나뿐이므로, 서버는 바뀐 바이트를 경보로 거절합니다.",
  }),
  finished: flip("finished", "Finished", {
    en: "Finished is encrypted, so the record’s own check notices the change before anyone reads it: bad_record_mac.",
    ko: "Finished는 암호화되어 있으므로, 읽기도 전에 레코드의 검사가 변조를 알아챕니다: bad_record_mac.",
  }),
  wrong_ca: {
    title: { en: "Trust another CA", ko: "다른 CA를 신뢰하기" },
    text: {
      en:
        "The page trusts a CA that did not sign the server’s certificate: unknown_ca. A man in the middle with a " +
        "certificate of its own CA gets the same answer.",
      ko:
        "페이지가 서버의 인증서에 서명하지 않은 CA를 신뢰합니다: unknown_ca. " +
        "자기 CA의 인증서를 가진 중간자도 같은 답을 받습니다.",
    },
    ca: "other-ca.pem",
  },
  expired: {
    title: { en: "An expired certificate", ko: "만료된 인증서" },
    text: {
      en:
        "The certificate’s time is over: certificate_expired. After that time, no CA tells whether the " +
        "key was stolen.",
      ko: "인증서의 기간이 지났습니다: certificate_expired. 그 뒤에는 키를 도난당했는지 알려 주는 CA가 없습니다.",
    },
    path: "expired",
  },
  wrong_host: {
    title: { en: "A certificate for another host", ko: "다른 호스트의 인증서" },
    text: {
      en:
        "A CA that the page trusts has signed it, but for another name: bad_certificate. Otherwise every owner of a " +
        "certificate could act as every server.",
      ko:
        "페이지가 신뢰하는 CA가 서명했지만 이름이 다릅니다: bad_certificate. 그렇지 않으면 인증서를 가진 누구나 " +
        "모든 서버 행세를 할 수 있습니다.",
    },
    path: "wrong-host",
  },
  client_certificate: {
    title: { en: "With a client certificate", ko: "클라이언트 인증서 쓰기" },
    text: {
      en:
        "The server asks with CertificateRequest. The client sends its Certificate and proves with CertificateVerify " +
        "that it has the private key.",
      ko:
        "서버가 CertificateRequest로 요청합니다. 클라이언트는 자기 Certificate를 보내고 CertificateVerify로 개인 키를 " +
        "가지고 있음을 증명합니다.",
    },
    path: "client-certificate",
    sendsCertificate: true,
  },
  resumption: {
    title: { en: "Resume a session", ko: "세션 재개" },
    text: {
      en:
        "The page connects once before, closes, and connects again. Both sides still have the master secret, so the " +
        "second handshake is figure 2 of RFC 5246: no certificate, no key exchange, one round trip less. New randoms " +
        "give new keys.",
      ko:
        "페이지가 먼저 한 번 연결하고 닫은 뒤 다시 연결합니다. 양쪽에 master secret이 남아 있으므로 두 번째 핸드셰이크는 " +
        "RFC 5246의 그림 2입니다. 인증서도 키 교환도 없고 왕복이 한 번 적습니다. 새 난수가 새 키를 줍니다.",
    },
    resumes: true,
  },
};

/** The attempts with a message on the open connection. */
export const messageAttempts: Readonly<Record<string, Attempt>> = {
  message: flip(
    "message",
    { en: "the message", ko: "메시지" },
    {
      en: "The server’s check of the record fails: bad_record_mac. It reads nothing of the message.",
      ko: "서버의 레코드 검사가 실패합니다: bad_record_mac. 서버는 메시지를 전혀 읽지 않습니다.",
    },
  ),
  echo: flip(
    "echo",
    { en: "the echo", ko: "메아리" },
    {
      en: "The page’s check of the record fails: bad_record_mac. It shows nothing of the echo.",
      ko: "페이지의 레코드 검사가 실패합니다: bad_record_mac. 메아리는 전혀 보여 주지 않습니다.",
    },
  ),
  replay: {
    title: { en: "Send the record again", ko: "레코드를 다시 보내기" },
    text: {
      en:
        "The copy is byte for byte the same, but the server expects the next sequence number, which the MAC or the " +
        "additional data contains: bad_record_mac.",
      ko:
        "복사본은 바이트까지 똑같지만, 서버는 다음 순서 번호를 기대합니다. 순서 번호는 MAC이나 추가 데이터에 들어 있습니다: " +
        "bad_record_mac.",
    },
    attack: { type: "replay" },
  },
  cut: {
    title: { en: "Cut the connection", ko: "연결 끊기" },
    text: {
      en:
        "The transport ends without a close_notify, so the page knows that data may be missing, and reports an error " +
        "instead of an end.",
      ko: "close_notify 없이 전송이 끝나므로, 페이지는 데이터가 빠졌을 수 있음을 알고 끝이 아니라 오류로 알립니다.",
    },
    attack: { type: "cut" },
  },
};
