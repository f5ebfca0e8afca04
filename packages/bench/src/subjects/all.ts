import { alwaysResuming, type Subject } from "./subject.ts";

/** A process loads only the subject that it runs, because modules of other subjects would count as its memory. */
const subjects: Readonly<Record<string, () => Promise<Subject>>> = {
  Handclasp: async () => (await import("./handclasp.ts")).handclaspOverWs,
  "Handclasp, resumed": async () => alwaysResuming((await import("./handclasp.ts")).handclaspOverWs),
  "Handclasp, noble": async () => (await import("./handclasp.ts")).handclaspNoble,
  "Handclasp, TCP": async () => (await import("./handclasp.ts")).handclaspOverTcp,
  "Handclasp, TCP, again": async () => (await import("./handclasp.ts")).handclaspOverTcp,
  "Handclasp, TCP, observed": async () => (await import("./observed.ts")).observedOverTcp,
  "Handclasp, toSocket": async () => (await import("./sockets.ts")).socketOverWs,
  "Handclasp, toSocket, TCP": async () => (await import("./sockets.ts")).socketOverTcp,
  "Handclasp, /tls": async () => (await import("./tlsShape.ts")).tlsShapeOverWs,
  "Handclasp, /tls, TCP": async () => (await import("./tlsShape.ts")).tlsShapeOverTcp,
  "node:tls": async () => (await import("./nodeTls.ts")).nodeTlsOverWs,
  "node:tls, resumed": async () => alwaysResuming((await import("./nodeTls.ts")).nodeTlsOverWs),
  "node:tls, TCP": async () => (await import("./nodeTls.ts")).nodeTlsOverTcp,
  "node:tls 1.3, TCP": async () => (await import("./nodeTls.ts")).nodeTls13OverTcp,
  "node:tls 1.1, TCP": async () => (await import("./nodeTls.ts")).nodeTls11OverTcp,
  "raw ws": async () => (await import("./raw.ts")).rawWebSocket,
  "raw TCP": async () => (await import("./raw.ts")).rawTcp,
  floor: async () => (await import("../floor/floor.ts")).floorWebSocket,
  "lemon-tls": async () => (await import("./lemonTls.ts")).lemonTlsOverWs,
  "lemon-tls, TCP": async () => (await import("./lemonTls.ts")).lemonTlsOverTcp,
  "@reclaimprotocol/tls": async () => (await import("./reclaim.ts")).reclaim,
  "subtls (TLS 1.3)": async () => (await import("./subtls.ts")).subtls,
  "Handclasp for pages": async () => (await import("../browser/servers.ts")).handclaspForPages,
  "messages for pages": async () => (await import("../browser/servers.ts")).messagesForPages,
  "records for pages": async () => (await import("../browser/servers.ts")).recordsForPages,
  "node-forge (TLS 1.1)": async () => (await import("./forge.ts")).nodeForge,
};

export function subjectNamed(name: string): Promise<Subject> {
  const load = subjects[name];
  if (!load) throw new Error(`no subject "${name}": expected one of ${Object.keys(subjects).join(", ")}`);
  return load();
}
