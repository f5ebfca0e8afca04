/**
 * The texts of the lesson: the textbook's seven steps, and the purpose of each message.
 * @module
 */
import type { CipherSuite, KeyExchange } from "@handclasp/core";
import type { Text } from "./text.ts";

export interface Step {
  /** The name of the message or value, which is the same in every language. */
  readonly name: string;
  readonly from: "client" | "server" | "both";
  readonly text: Text;
}

/** The seven steps of the textbook's handshake, which the inspector shows before the first connection. */
export const steps: readonly Step[] = [
  {
    name: "ClientHello",
    from: "client",
    text: {
      en: "“Hello. Here is my random value, and the cipher suites that I support.”",
      ko: "“안녕하세요. 제 난수와 제가 지원하는 암호 모음입니다.”",
    },
  },
  {
    name: "ServerHello",
    from: "server",
    text: {
      en: "“We use this cipher suite. Here is my random value.”",
      ko: "“이 암호 모음을 씁시다. 제 난수입니다.”",
    },
  },
  {
    name: "Certificate",
    from: "server",
    text: {
      en: "“This is my name and my public key. A CA has signed them.”",
      ko: "“제 이름과 공개 키입니다. CA가 서명했습니다.”",
    },
  },
  {
    name: "ServerHelloDone",
    from: "server",
    text: { en: "“I have sent everything. It is your turn.”", ko: "“다 보냈습니다. 당신 차례입니다.”" },
  },
  {
    name: "ClientKeyExchange",
    from: "client",
    text: {
      en: "“With this message, we both get the premaster secret. No one else can.”",
      ko: "“이 메시지로 우리 둘만 premaster secret을 얻습니다. 다른 사람은 얻지 못합니다.”",
    },
  },
  {
    name: "Master secret",
    from: "both",
    text: {
      en: "Each side computes it from the premaster secret and the messages so far. No message contains it.",
      ko: "양쪽이 premaster secret과 지금까지의 메시지로 각자 계산합니다. 어느 메시지에도 들어 있지 않습니다.",
    },
  },
  {
    name: "Session keys",
    from: "both",
    text: {
      en: "Each side derives the same keys from the master secret.",
      ko: "양쪽이 master secret에서 같은 키들을 얻습니다.",
    },
  },
];

/** The purpose of the seven steps, which the inspector shows after them. */
export const thenData: { readonly name: Text; readonly text: Text } = {
  name: { en: "Then: application data", ko: "그다음: 애플리케이션 데이터" },
  text: {
    en: "After a ChangeCipherSpec and a Finished from each side, all data is encrypted and protected against changes.",
    ko: "양쪽이 ChangeCipherSpec과 Finished를 보낸 뒤에는 모든 데이터가 암호화되고 변조로부터 보호됩니다.",
  },
};

interface Lesson {
  /** The step's number, from 1. Absent if the message is not one of the seven steps. */
  readonly step?: number;
  readonly gist: Text;
  readonly text: Text;
}

type ExchangeName = KeyExchange["name"];

const certificate: Text = {
  en:
    "The server sends its certificate: its name and its public key, signed by a certification authority that the " +
    "client trusts. The client checks the signature, the validity period and the host name.",
  ko:
    "서버가 인증서를 보냅니다. 인증서에는 서버의 이름과 공개 키가 있고, 클라이언트가 신뢰하는 인증 기관(CA)이 서명했습니다. " +
    "클라이언트는 서명, 유효 기간, 호스트 이름을 확인합니다.",
};

const lessons: Readonly<Record<string, (keyExchange: ExchangeName | undefined) => Lesson>> = {
  client_hello: () => ({
    step: 1,
    gist: { en: "Here is my random value.", ko: "제 난수입니다." },
    text: {
      en:
        "The client begins. It sends 32 random bytes, so that no two connections have the same keys, and lists the " +
        "cipher suites, groups and signature schemes that it supports. Anyone on the path can read this message.",
      ko:
        "클라이언트가 시작합니다. 연결마다 키가 달라지도록 난수 32바이트를 보내고, 지원하는 암호 모음, 그룹, 서명 방식을 나열합니다. " +
        "경로에 있는 누구나 이 메시지를 읽을 수 있습니다.",
    },
  }),
  server_hello: () => ({
    step: 2,
    gist: { en: "Here is my random value.", ko: "제 난수입니다." },
    text: {
      en:
        "The server chooses one suite from the client’s list and adds 32 random bytes of its own. The keys depend on " +
        "both random values, so neither side determines them alone, and an attacker cannot replay a " +
        "recorded handshake.",
      ko:
        "서버가 클라이언트의 목록에서 암호 모음 하나를 고르고 자기 난수 32바이트를 더합니다. 키는 두 난수에 모두 달려 있으므로 " +
        "어느 쪽도 혼자서 키를 정하지 못하고, 공격자는 녹화한 핸드셰이크를 다시 쓸 수 없습니다.",
    },
  }),
  certificate: (keyExchange) => ({
    step: 3,
    gist: { en: "My name and my public key, signed by a CA.", ko: "CA가 서명한 제 이름과 공개 키입니다." },
    text:
      keyExchange === "rsa"
        ? {
            en: `${certificate.en} The client will encrypt the premaster secret with this public key.`,
            ko: `${certificate.ko} 클라이언트는 이 공개 키로 premaster secret을 암호화합니다.`,
          }
        : {
            en: `${certificate.en} The client will verify the signature in ServerKeyExchange with this public key.`,
            ko: `${certificate.ko} 클라이언트는 이 공개 키로 ServerKeyExchange의 서명을 검증합니다.`,
          },
  }),
  server_key_exchange: (keyExchange) => ({
    gist: isPsk(keyExchange)
      ? { en: "My part of the key exchange.", ko: "키 교환에서 제 몫입니다." }
      : { en: "My ephemeral public key, signed.", ko: "서명한 제 임시 공개 키입니다." },
    text: isPsk(keyExchange)
      ? {
          en:
            "The server may name the pre-shared key that it wants, and with ECDHE_PSK it sends an ephemeral public " +
            "key. No certificate is involved: a peer that has the pre-shared key is authentic.",
          ko:
            "서버는 원하는 사전 공유 키를 알려 줄 수 있고, ECDHE_PSK에서는 임시 공개 키를 보냅니다. " +
            "인증서는 쓰이지 않습니다. 사전 공유 키를 가진 쪽이 진짜입니다.",
        }
      : {
          en:
            "The textbook’s RSA handshake does not have this message. ServerKeyExchange carries an ephemeral public " +
            "key, which the server made only for this connection. The server signs this key, together with both " +
            "random values, with the certificate’s private key. An attacker who steals the certificate’s private key " +
            "later still cannot decrypt this connection. This property is called forward secrecy.",
          ko:
            "교과서의 RSA 핸드셰이크에는 없는 메시지입니다. ServerKeyExchange에는 서버가 이 연결만을 위해 만든 임시 공개 키가 있습니다. " +
            "서버는 이 키와 두 난수를 인증서의 개인 키로 서명합니다. 나중에 인증서의 개인 키를 훔친 공격자도 이 연결을 복호화하지 못합니다. " +
            "이 성질을 순방향 비밀성(forward secrecy)이라고 합니다.",
        },
  }),
  certificate_request: () => ({
    gist: { en: "Please send me a certificate.", ko: "인증서를 보내 주세요." },
    text: {
      en: "The server asks the client for a certificate, to learn the client’s identity.",
      ko: "서버가 클라이언트의 신원을 알기 위해 인증서를 요청합니다.",
    },
  }),
  certificate_status: () => ({
    gist: { en: "My CA’s statement: not revoked.", ko: "CA의 확인: 폐기되지 않았습니다." },
    text: {
      en: "A recent OCSP response: the CA’s signed statement about whether the certificate is revoked.",
      ko: "최근의 OCSP 응답입니다. 인증서가 폐기되었는지에 대해 CA가 서명한 진술입니다.",
    },
  }),
  server_hello_done: () => ({
    step: 4,
    gist: { en: "I have sent everything. It is your turn.", ko: "다 보냈습니다. 당신 차례입니다." },
    text: {
      en:
        "An empty message: a header of four bytes and no body. The server has sent everything and " +
        "waits for the client.",
      ko: "빈 메시지입니다. 4바이트 머리만 있고 본문은 없습니다. 서버는 모두 보냈고 클라이언트를 기다립니다.",
    },
  }),
  client_key_exchange: (keyExchange) => ({
    step: 5,
    gist:
      keyExchange === "rsa"
        ? {
            en: "The premaster secret, encrypted with your public key.",
            ko: "당신의 공개 키로 암호화한 premaster secret입니다.",
          }
        : isPsk(keyExchange)
          ? { en: "The name of our pre-shared key.", ko: "우리의 사전 공유 키 이름입니다." }
          : { en: "My own ephemeral public key.", ko: "제 임시 공개 키입니다." },
    text:
      keyExchange === "rsa"
        ? {
            en:
              "The core of the textbook’s handshake: the premaster secret, encrypted with the " +
              "certificate’s public key. " +
              "Only the certificate’s private key can decrypt it. (An attacker who steals that key, " +
              "even years later, " +
              "can decrypt every recorded connection. Therefore ECDHE replaced RSA key exchange.)",
            ko:
              "교과서 핸드셰이크의 핵심입니다. premaster secret을 인증서의 공개 키로 암호화했습니다. " +
              "인증서의 개인 키만 복호화할 수 있습니다. (몇 년 뒤라도 그 키를 훔친 공격자는 녹화한 연결을 모두 복호화할 수 있습니다. " +
              "그래서 ECDHE가 RSA 키 교환을 대신하게 되었습니다.)",
          }
        : isPsk(keyExchange)
          ? {
              en:
                "The client names the pre-shared key, and with ECDHE_PSK it adds its ephemeral " +
                "public key. Both sides " +
                "compute the premaster secret from the pre-shared key.",
              ko:
                "클라이언트가 사전 공유 키의 이름을 말하고, ECDHE_PSK에서는 자기 임시 공개 키를 더합니다. " +
                "양쪽이 사전 공유 키로 premaster secret을 계산합니다.",
            }
          : {
              en:
                "The client’s own ephemeral public key. Each side now combines its private key with the other side’s " +
                "public key. Both sides get the same premaster secret, which no message contains.",
              ko:
                "클라이언트의 임시 공개 키입니다. 이제 양쪽이 자기 개인 키를 상대의 공개 키와 결합합니다. " +
                "양쪽은 어느 메시지에도 없는 같은 premaster secret을 얻습니다.",
            },
  }),
  certificate_verify: () => ({
    gist: { en: "My signature over all messages so far.", ko: "지금까지의 모든 메시지에 대한 제 서명입니다." },
    text: {
      en:
        "The client signs all handshake messages so far, which proves that it holds the private key of its " +
        "certificate.",
      ko: "클라이언트가 지금까지의 모든 핸드셰이크 메시지에 서명합니다. 자기 인증서의 개인 키를 가지고 있다는 증명입니다.",
    },
  }),
  new_session_ticket: () => ({
    gist: { en: "For a shorter handshake next time.", ko: "다음번의 짧은 핸드셰이크를 위한 것입니다." },
    text: {
      en:
        "The session’s state, encrypted with a key that only the server has. A client that presents the ticket next " +
        "time gets a shorter handshake.",
      ko: "서버만 가진 키로 암호화한 세션 상태입니다. 다음번에 이 티켓을 내미는 클라이언트는 더 짧은 핸드셰이크를 합니다.",
    },
  }),
  hello_request: () => ({
    gist: { en: "Let us negotiate again.", ko: "다시 협상합시다." },
    text: {
      en: "The server asks for a new handshake. Handclasp does not renegotiate.",
      ko: "서버가 새 핸드셰이크를 요청합니다. Handclasp는 재협상하지 않습니다.",
    },
  }),
  finished: () => ({
    gist: {
      en: "A proof that we both saw the same messages, encrypted.",
      ko: "우리가 같은 메시지를 보았다는, 암호화된 증명입니다.",
    },
    text: {
      en:
        "The first encrypted message. It contains a value that the sender computes from the master secret and a hash " +
        "of all earlier handshake messages. If anyone had changed one bit of the handshake, the two sides would " +
        "compute different values, and the connection would end here.",
      ko:
        "처음으로 암호화된 메시지입니다. 보내는 쪽이 master secret과 앞선 모든 핸드셰이크 메시지의 해시로 계산한 값이 들어 있습니다. " +
        "누군가 핸드셰이크의 한 비트라도 바꾸었다면 양쪽의 값이 달라지고, 연결은 여기서 끝납니다.",
    },
  }),
};

const isPsk = (keyExchange: ExchangeName | undefined): boolean => keyExchange === "psk" || keyExchange === "ecdhe_psk";

const unknown: Lesson = { gist: { en: "", ko: "" }, text: { en: "", ko: "" } };

/** The lesson about a handshake message. The key exchange is unknown before ServerHello. */
export const lessonOf = (name: string, keyExchange: ExchangeName | undefined): Lesson =>
  lessons[name]?.(keyExchange) ?? unknown;

export const changeCipherSpec: { readonly gist: Text; readonly text: Text } = {
  gist: {
    en: "From my next record on, everything is encrypted.",
    ko: "제 다음 레코드부터는 모두 암호화됩니다.",
  },
  text: {
    en:
      "One byte that announces that the sender encrypts all later records with the new keys. ChangeCipherSpec is not " +
      "a handshake message, so the hash in Finished does not cover it.",
    ko:
      "보내는 쪽이 이후의 모든 레코드를 새 키로 암호화한다고 알리는 1바이트입니다. ChangeCipherSpec은 핸드셰이크 메시지가 아니므로 " +
      "Finished의 해시에 들어가지 않습니다.",
  },
};

/** The note on a resumed session. */
export const resumedNote: { readonly title: Text; readonly text: Text } = {
  title: { en: "The session is resumed", ko: "세션이 재개됩니다" },
  text: {
    en:
      "This is figure 2 of RFC 5246, the abbreviated handshake. Both sides still have the master " +
      "secret, so there is no " +
      "Certificate and no key exchange, and the server sends its Finished first.",
    ko:
      "RFC 5246의 그림 2, 줄인 핸드셰이크입니다. 양쪽에 master secret이 남아 있으므로 Certificate도 키 교환도 없고, " +
      "서버가 먼저 Finished를 보냅니다.",
  },
};

/** The note on a session that was offered and not resumed. */
export const notResumedNote = (reason: string): { readonly title: Text; readonly text: Text } => ({
  title: { en: "The session is not resumed", ko: "세션이 재개되지 않습니다" },
  text: {
    en: `The reason is ${reason}. A full handshake follows.`,
    ko: `까닭: ${reason}. 온전한 핸드셰이크가 뒤따릅니다.`,
  },
});

export const applicationData: Text = {
  en: "The purpose of the handshake. No one on the path can read the data, and the receiver detects every change.",
  ko: "핸드셰이크의 목적입니다. 경로에 있는 누구도 데이터를 읽지 못하고, 받는 쪽은 모든 변조를 알아챕니다.",
};

/** Turns `client_hello` into `ClientHello`, the spelling in the figures of RFC 5246. */
export const messageTitle = (name: string): string =>
  name.replace(/(^|_)([a-z])/g, (_, _underscore, letter: string) => letter.toUpperCase());

/** The parts of a protected record's fragment, from its first byte to its last. */
export function protectedParts(
  suite: CipherSuite,
  length: number,
): readonly { readonly name: Text; readonly length: number }[] {
  const tagLength = suite.tagLength ?? 16;
  if (suite.mac)
    return [
      { name: { en: "initialization vector", ko: "초기화 벡터(IV)" }, length: 16 },
      {
        name: { en: "encrypted data and padding, with the MAC", ko: "암호화된 데이터와 패딩, MAC 포함" },
        length: length - 16,
      },
    ];
  // The part of the nonce that the record contains: 8 bytes with GCM and CCM, none with ChaCha20-Poly1305.
  const explicitNonce = 12 - suite.fixedIvLength;
  return [
    { name: { en: "explicit nonce", ko: "명시적 논스" }, length: explicitNonce },
    { name: { en: "encrypted data", ko: "암호화된 데이터" }, length: length - explicitNonce - tagLength },
    { name: { en: "authentication tag", ko: "인증 태그" }, length: tagLength },
  ].filter((part) => part.length > 0);
}
