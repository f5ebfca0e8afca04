/**
 * node:tls as a peer: an echo client or an echo server. The client opens CONNECTIONS connections one after another,
 * each with the session of the one before. See src/interop/peers/nodeTls.ts.
 *
 *   node nodeTls.mjs client|server PORT CIPHERS CA CERT KEY CONNECTIONS
 */
import { readFileSync } from "node:fs";
import { connect, createServer } from "node:tls";

const [role, port, ciphers, caFile, certFile, keyFile, connections] = process.argv.slice(2);
const own = certFile === "-" ? {} : { cert: readFileSync(certFile), key: readFileSync(keyFile) };
const ca = caFile === "-" ? {} : { ca: readFileSync(caFile) };
const { PSK_IDENTITY: identity = "", PSK_HEX: hex = "" } = process.env;
const psk = Buffer.from(hex, "hex");
const shared = ciphers.includes("PSK") && {
  pskCallback: role === "client" ? () => ({ identity, psk }) : (_, theirs) => (theirs === identity ? psk : null),
  checkServerIdentity: () => undefined,
};
const common = { ...shared, ...own, ...ca, ciphers, minVersion: "TLSv1.2", maxVersion: "TLSv1.2", dhparam: "auto" };

if (role === "server") {
  const authenticates = caFile !== "-" && { requestCert: true, rejectUnauthorized: true };
  const server = createServer({ ...common, ...authenticates }, (socket) => {
    socket.on("error", () => socket.destroy());
    socket.pipe(socket);
  });
  // node:tls leaves the storage of sessions with session IDs to the application. Tickets need no storage.
  const sessions = new Map();
  server.on("newSession", (id, session, done) => {
    sessions.set(id.toString("hex"), session);
    done();
  });
  server.on("resumeSession", (id, done) => done(null, sessions.get(id.toString("hex")) ?? null));
  server.listen(Number(port), "127.0.0.1");
} else {
  const payload = readFileSync(0);
  let session;
  for (let i = 0; i < Number(connections); i++) {
    const socket = connect({ ...common, host: "127.0.0.1", port: Number(port), servername: "localhost", session });
    socket.on("session", (bytes) => {
      session = bytes;
    });
    socket.write(payload);
    let length = 0;
    for await (const bytes of socket) {
      process.stdout.write(bytes);
      length += bytes.length;
      if (length >= payload.length) socket.end();
    }
  }
}
