import { mkdirSync, writeFileSync } from "node:fs";
import { authentication, opensslCiphers, type Peer } from "../peer.ts";

export const nginx: Peer = {
  name: "nginx",
  packages: ["nginx-light"],
  programs: ["nginx"],
  version: ["nginx", "-v"],
  keyExchanges: ["ECDHE_ECDSA", "ECDHE_RSA", "RSA", "DHE_RSA"],
  note: "These tests use nginx only as a server",
  server: {
    speaks: "http",
    lacks: { DHE_RSA: "nginx needs a file with DH parameters, which these tests do not provide" },
    commands: ({ files, port, keyExchange, clientCertificate }) => {
      const { cert, key } = files.server[authentication(keyExchange)];
      const folder = `${files.folder}/nginx-${port}`;
      mkdirSync(folder);
      const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
      const client = clientCertificate ? `ssl_verify_client on; ssl_client_certificate ${files.ca};` : "";
      writeFileSync(
        `${folder}/nginx.conf`,
        `daemon off; master_process off; pid ${folder}/pid; error_log stderr;
events {}
http {
  access_log off;
  ${temporary.map((kind) => `${kind}_temp_path ${folder}/${kind};`).join(" ")}
  server {
    listen 127.0.0.1:${port} ssl;
    ssl_certificate ${cert}; ssl_certificate_key ${key}; ${client}
    ssl_protocols TLSv1.2; ssl_ciphers ${opensslCiphers(keyExchange)};
    ssl_session_cache shared:all:1m; ssl_session_tickets on;
    default_type text/plain;
    return 200 $request_uri;
  }
}
`,
      );
      return [{ program: "nginx", args: ["-p", folder, "-e", "stderr", "-c", `${folder}/nginx.conf`] }];
    },
  },
};
