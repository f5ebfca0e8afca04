/**
 * The textbook's way and today's way, and the reason for each difference.
 * @module
 */
import type { Text } from "./text.ts";

export interface Contrast {
  readonly textbook: Text;
  readonly today: Text;
  readonly why: Text;
}

export const contrasts: Readonly<Record<"keyExchange" | "masterSecret" | "keyBlock" | "record", Contrast>> = {
  keyExchange: {
    textbook: {
      en: "RSA: the client chooses the premaster secret and encrypts it with the certificate’s key.",
      ko: "RSA: 클라이언트가 premaster secret을 고르고 인증서의 키로 암호화합니다.",
    },
    today: {
      en: "ECDHE: each side makes a key pair for this connection only. The certificate’s key only signs.",
      ko: "ECDHE: 양쪽이 이 연결만을 위한 키 쌍을 만듭니다. 인증서의 키는 서명만 합니다.",
    },
    why: {
      en:
        "With RSA, the theft of one key opens every recorded connection, years later too, and an " +
        "error in the padding " +
        "check tells an attacker about the secret (Bleichenbacher’s attack). With ECDHE, there is nothing to steal " +
        "after the connection.",
      ko:
        "RSA에서는 키 하나를 훔치면 몇 년 뒤에도 녹화한 모든 연결이 열리고, 패딩 검사의 실수가 공격자에게 비밀을 알려 줍니다" +
        "(Bleichenbacher 공격). ECDHE에서는 연결이 끝난 뒤 훔칠 것이 없습니다.",
    },
  },
  masterSecret: {
    textbook: {
      en: "The seed is the two random values (RFC 5246 §8.1).",
      ko: "씨앗은 두 난수입니다 (RFC 5246 §8.1).",
    },
    today: {
      en: "The seed is the session hash: the hash of all messages from ClientHello to ClientKeyExchange (RFC 7627 §4).",
      ko: "씨앗은 세션 해시입니다. ClientHello에서 ClientKeyExchange까지 모든 메시지의 해시입니다 (RFC 7627 §4).",
    },
    why: {
      en:
        "A man in the middle can relay both random values and, with RSA, the premaster secret, so " +
        "two connections get " +
        "the same master secret (the triple handshake attack). The session hash contains the certificate too, so the " +
        "two connections differ.",
      ko:
        "중간자는 두 난수를 그대로 전하고 RSA라면 premaster secret도 전할 수 있어서, 두 연결의 master secret이 같아집니다" +
        "(triple handshake 공격). 세션 해시에는 인증서도 들어 있으므로 두 연결이 달라집니다.",
    },
  },
  keyBlock: {
    textbook: {
      en: "CBC with HMAC: a MAC key and an encryption key for each direction. The IV is new in each record.",
      ko: "HMAC을 쓰는 CBC: 방향마다 MAC 키와 암호화 키가 있습니다. IV는 레코드마다 새로 만듭니다.",
    },
    today: {
      en: "AES-GCM: one key for each direction, and 4 bytes of each nonce. ChaCha20-Poly1305: one key and 12 bytes.",
      ko: "AES-GCM: 방향마다 키 하나와 각 논스의 4바이트. ChaCha20-Poly1305: 키 하나와 12바이트.",
    },
    why: {
      en:
        "GCM has no MAC key because it is authenticated encryption: the cipher itself computes the " +
        "tag, with a hash key " +
        "that it derives from the encryption key.",
      ko: "GCM에 MAC 키가 없는 까닭은 인증 암호이기 때문입니다. 암호화 키에서 얻은 해시 키로 암호가 스스로 태그를 계산합니다.",
    },
  },
  record: {
    textbook: {
      en: "MAC, then padding, then encryption (RFC 5246 §6.2.3.2).",
      ko: "MAC, 그다음 패딩, 그다음 암호화 (RFC 5246 §6.2.3.2).",
    },
    today: {
      en:
        "One operation encrypts and authenticates: an AEAD (RFC 5246 §6.2.3.3). With CBC, " +
        "encrypt-then-MAC (RFC 7366).",
      ko: "하나의 연산이 암호화와 인증을 함께 합니다: AEAD (RFC 5246 §6.2.3.3). CBC라면 암호화한 뒤 MAC (RFC 7366).",
    },
    why: {
      en:
        "The textbook’s receiver decrypts and looks at the padding before it knows whether the record is authentic. " +
        "Differences in time or in the error tell an attacker about the plaintext (Vaudenay’s attack, Lucky 13). " +
        "Today’s receiver checks first, and decrypts nothing that was altered.",
      ko:
        "교과서의 받는 쪽은 레코드가 진짜인지 알기 전에 복호화하고 패딩을 봅니다. 시간이나 오류의 차이가 공격자에게 평문을 알려 줍니다" +
        "(Vaudenay 공격, Lucky 13). 오늘의 받는 쪽은 먼저 확인하고, 바뀐 것은 복호화하지 않습니다.",
    },
  },
};
