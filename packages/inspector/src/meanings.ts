/**
 * The names of fields as in the RFCs, and their meanings.
 * @module
 */
import type { Field } from "@handclasp/core/describe";
import type { Text } from "./text.ts";

/** Returns the field's name in the spelling of its RFC, such as `session_id` or `length of session_id`. */
export function fieldName({ path, isLength }: Field): string {
  const name = lastName(path);
  const spelled = isInCertificate(path) ? name : name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  if (path === "msg_type" || path === "length") return path;
  if (!isLength) return spelled;
  return isInCertificate(path) ? `tag and length of ${spelled}` : `length of ${spelled}`;
}

/** Returns the meaning of a field. */
export function meaningOf({ path, isLength }: Field): Text | undefined {
  if (isLength && path !== "length") return isInCertificate(path) ? derHeader : lengths;
  const name = lastName(path);
  return (isInCertificate(path) ? certificateMeanings : meanings)[name];
}

const isInCertificate = (path: string): boolean => /^certificateList\[\d+\]\./.test(path);

/** The last name of a path, without the index. An item of a list has the name of the list. */
const lastName = (path: string): string => /(\w+)(?:\[\d+\])*$/.exec(path)?.[1] ?? path;

const lengths: Text = {
  en: "The number of bytes that follow in this field.",
  ko: "이 필드에서 뒤따르는 바이트 수입니다.",
};

const derHeader: Text = {
  en: "DER: the type of the value and the number of its bytes.",
  ko: "DER: 값의 종류와 바이트 수입니다.",
};

const meanings: Readonly<Record<string, Text>> = {
  msg_type: { en: "The type of this handshake message.", ko: "이 핸드셰이크 메시지의 종류입니다." },
  length: { en: "The length of the body in bytes.", ko: "본문의 길이(바이트)입니다." },
  body: { en: "The body of the message.", ko: "메시지의 본문입니다." },
  clientVersion: {
    en: "The highest version of TLS that the client supports.",
    ko: "클라이언트가 지원하는 가장 높은 TLS 버전입니다.",
  },
  serverVersion: { en: "The version of this connection.", ko: "이 연결의 버전입니다." },
  random: {
    en:
      "32 random bytes. The master secret or the key block depends on them, so no two connections have " +
      "the same keys.",
    ko: "난수 32바이트입니다. master secret이나 키 블록이 이 값에 달려 있으므로 연결마다 키가 다릅니다.",
  },
  sessionId: {
    en: "The name of a session. A client that offers one wants to resume the session.",
    ko: "세션의 이름입니다. 이 값을 보내는 클라이언트는 세션을 재개하려는 것입니다.",
  },
  cipherSuites: {
    en: "A cipher suite that the client supports, in order of preference.",
    ko: "클라이언트가 지원하는 암호 모음이며, 선호하는 순서입니다.",
  },
  cipherSuite: { en: "The cipher suite that the server has chosen.", ko: "서버가 고른 암호 모음입니다." },
  compressionMethods: {
    en: "Only null: compression would tell an attacker about the plaintext (the CRIME attack).",
    ko: "null뿐입니다. 압축은 공격자에게 평문을 알려 줍니다(CRIME 공격).",
  },
  compressionMethod: { en: "null: no compression.", ko: "null: 압축하지 않습니다." },
  extensions: {
    en: "An extension: a feature that is newer than the base of TLS.",
    ko: "확장: TLS의 기본보다 나중에 생긴 기능입니다.",
  },
  type: { en: "The number of the extension.", ko: "확장의 번호입니다." },
  data: { en: "The content of the extension.", ko: "확장의 내용입니다." },
  nameType: { en: "0: a host name.", ko: "0: 호스트 이름입니다." },
  name: {
    en: "The name of the server that the client wants, so that the server can choose a certificate.",
    ko: "클라이언트가 원하는 서버의 이름입니다. 서버가 인증서를 고르는 데 씁니다.",
  },
  statusType: { en: "The kind of certificate status: OCSP.", ko: "인증서 상태의 종류: OCSP." },
  response: { en: "The OCSP response of the CA.", ko: "CA의 OCSP 응답입니다." },
  lifetimeHint: { en: "How long the ticket is usable, in seconds.", ko: "티켓을 쓸 수 있는 시간(초)입니다." },
  ticket: {
    en: "The state of the session, which only the server can decrypt.",
    ko: "서버만 복호화할 수 있는 세션 상태입니다.",
  },
  certificateList: {
    en: "A certificate. The first one is the sender’s own, and each one after it has signed the one before.",
    ko: "인증서입니다. 첫 번째가 보내는 쪽의 것이고, 다음 인증서가 앞의 것에 서명했습니다.",
  },
  params: { en: "The parameters of the key exchange.", ko: "키 교환의 매개변수입니다." },
  curveType: { en: "named_curve: the curve has a number.", ko: "named_curve: 곡선을 번호로 나타냅니다." },
  namedCurve: { en: "The group of the key exchange.", ko: "키 교환의 그룹입니다." },
  public: { en: "The ephemeral public key.", ko: "임시 공개 키입니다." },
  p: { en: "The prime of the group.", ko: "그룹의 소수입니다." },
  g: { en: "The generator of the group.", ko: "그룹의 생성원입니다." },
  identityHint: {
    en: "A hint about which pre-shared key to use.",
    ko: "어떤 사전 공유 키를 쓸지 알려 주는 힌트입니다.",
  },
  identity: { en: "The name of the pre-shared key.", ko: "사전 공유 키의 이름입니다." },
  signed: {
    en: "The signature over both random values and the parameters.",
    ko: "두 난수와 매개변수에 대한 서명입니다.",
  },
  scheme: { en: "The algorithm of the signature.", ko: "서명 알고리즘입니다." },
  schemes: { en: "A signature algorithm that the server accepts.", ko: "서버가 받아들이는 서명 알고리즘입니다." },
  signature: {
    en: "The signature. It proves that the sender has the private key of its certificate.",
    ko: "서명입니다. 보내는 쪽이 인증서의 개인 키를 가지고 있음을 증명합니다.",
  },
  certificateTypes: {
    en: "A kind of certificate that the server accepts.",
    ko: "서버가 받아들이는 인증서의 종류입니다.",
  },
  certificateAuthorities: {
    en: "The name of a CA whose certificates the server accepts.",
    ko: "서버가 받아들이는 인증서의 CA 이름입니다.",
  },
  encryptedPremasterSecret: {
    en: "The premaster secret, encrypted with the server’s RSA key and PKCS #1 padding.",
    ko: "서버의 RSA 키와 PKCS #1 패딩으로 암호화한 premaster secret입니다.",
  },
  verifyData: {
    en: "12 bytes that only a side with the master secret and the same messages can compute.",
    ko: "master secret과 같은 메시지를 가진 쪽만 계산할 수 있는 12바이트입니다.",
  },
};

const certificateMeanings: Readonly<Record<string, Text>> = {
  certificate: { en: "A certificate in DER.", ko: "DER로 쓴 인증서입니다." },
  tbsCertificate: { en: "The part that the CA signs.", ko: "CA가 서명하는 부분입니다." },
  version: { en: "The version of the certificate’s format.", ko: "인증서 형식의 버전입니다." },
  serialNumber: { en: "The CA’s number for this certificate.", ko: "CA가 이 인증서에 붙인 번호입니다." },
  signature: { en: "The algorithm of the CA’s signature.", ko: "CA의 서명 알고리즘입니다." },
  issuer: { en: "The name of the CA.", ko: "CA의 이름입니다." },
  validity: { en: "The time for which the certificate is valid.", ko: "인증서가 유효한 기간입니다." },
  notBefore: { en: "The start of validity.", ko: "유효 기간의 시작입니다." },
  notAfter: { en: "The end of validity.", ko: "유효 기간의 끝입니다." },
  subject: { en: "The name of the owner.", ko: "소유자의 이름입니다." },
  subjectPublicKeyInfo: { en: "The owner’s public key.", ko: "소유자의 공개 키입니다." },
  extensions: { en: "Rules for the use of the certificate.", ko: "인증서 사용에 대한 규칙입니다." },
  subjectAltName: {
    en: "The host names and addresses for which the certificate is valid.",
    ko: "인증서가 유효한 호스트 이름과 주소입니다.",
  },
  basicConstraints: { en: "Whether the owner is a CA.", ko: "소유자가 CA인지 나타냅니다." },
  keyUsage: { en: "The allowed uses of the key.", ko: "키를 어디에 쓸 수 있는지 나타냅니다." },
  extKeyUsage: { en: "The purposes: server, client or others.", ko: "목적: 서버, 클라이언트 등입니다." },
  subjectKeyIdentifier: { en: "A short name of the owner’s key.", ko: "소유자 키의 짧은 이름입니다." },
  authorityKeyIdentifier: { en: "A short name of the CA’s key.", ko: "CA 키의 짧은 이름입니다." },
  nameConstraints: { en: "The names for which this CA may issue.", ko: "이 CA가 발급할 수 있는 이름의 범위입니다." },
  signatureAlgorithm: { en: "The algorithm of the CA’s signature, again.", ko: "CA의 서명 알고리즘이 다시 나옵니다." },
  signatureValue: {
    en: "The CA’s signature over tbsCertificate.",
    ko: "tbsCertificate에 대한 CA의 서명입니다.",
  },
};
