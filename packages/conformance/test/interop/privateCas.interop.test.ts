/**
 * Common ways to create a private CA, with the tools that are installed. Each certificate works for a server and for a
 * client, or the error says what to change. packages/core/test/x509/privateCas.test.ts covers the certificates of
 * other tools.
 */

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "@handclasp/core/client";
import { accept } from "@handclasp/core/server";
import { parsePemCertificates } from "@handclasp/core/unstable";

import { nodeCredential, nodeCrypto, parseCertificate } from "@handclasp/node";
import { memoryPair, testCa } from "@handclasp/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { find } from "../../src/interop/programs.ts";

interface Identity {
  readonly cert: string;
  readonly key: string;
}
type Role = "server" | "client";

interface Recipe {
  readonly name: string;
  readonly programs: readonly string[];
  /** Creates the CA in a folder, and returns its PEM and a function that issues certificates. */
  make(folder: Folder): { ca: string; issue(role: Role): Identity };
  /** If the certificate is refused, the expected text of the error. */
  readonly refused?: Partial<Record<Role, (version: 1 | 2 | 3) => RegExp | undefined>>;
}

class Folder {
  readonly path = mkdtempSync(join(tmpdir(), "handclasp-cas-"));
  run(program: string, args: string, input = ""): void {
    // No other variables, because one of this machine may name another OpenSSL configuration.
    const options = {
      cwd: this.path,
      input,
      env: { PATH: process.env.PATH, HOME: this.path, OPENSSL_CONF: undefined },
    };
    // A quoted argument may contain spaces.
    const list = (args.match(/"[^"]*"|\S+/g) ?? []).map((arg) => arg.replace(/^"(.*)"$/, "$1"));
    execFileSync(find(program) ?? program, list, { ...options, stdio: ["pipe", "pipe", "pipe"] });
  }
  write(name: string, text: string): void {
    writeFileSync(join(this.path, name), text);
  }
  read(name: string): string {
    return readFileSync(join(this.path, name), "utf8");
  }
  identity(role: Role): Identity {
    return { cert: this.read(`${role}.pem`), key: this.read(`${role}.key`) };
  }
}

const host = "www.example.com";

/** Tutorial 1: no -extfile. OpenSSL before 3.2 then issues version 1, and later releases version 3 without a name. */
const withoutExtfile: Recipe = {
  name: "openssl x509 -req, without -extfile",
  programs: ["openssl"],
  make(folder) {
    folder.run("openssl", "genrsa -out ca.key 2048");
    folder.run("openssl", 'req -x509 -new -nodes -key ca.key -sha256 -days 30 -subj "/C=DE/CN=My CA" -out ca.pem');
    return {
      ca: folder.read("ca.pem"),
      issue(role) {
        folder.run("openssl", `genrsa -out ${role}.key 2048`);
        folder.run("openssl", `req -new -key ${role}.key -subj /CN=${host} -out ${role}.csr`);
        folder.run(
          "openssl",
          `x509 -req -in ${role}.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -sha256 -out ${role}.pem`,
        );
        return folder.identity(role);
      },
    };
  },
  refused: {
    server: () => /subjectAltName.*-extfile/,
    client: (version) => (version < 3 ? /version 1.*-extfile/ : undefined),
  },
};

/** Tutorial 2: the v3.ext that many tutorials use. */
const withExtfile: Recipe = {
  name: "openssl x509 -req, with -extfile",
  programs: ["openssl"],
  make(folder) {
    const { ca } = withoutExtfile.make(folder);
    folder.write(
      "v3.ext",
      `authorityKeyIdentifier=keyid,issuer
basicConstraints=CA:FALSE
keyUsage = digitalSignature, nonRepudiation, keyEncipherment, dataEncipherment
subjectAltName = @alt_names
[alt_names]
DNS.1 = ${host}
`,
    );
    return {
      ca,
      issue(role) {
        folder.run("openssl", `req -newkey rsa:2048 -nodes -keyout ${role}.key -subj /CN=${host} -out ${role}.csr`);
        const by = "-CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -sha256";
        folder.run("openssl", `x509 -req -in ${role}.csr ${by} -extfile v3.ext -out ${role}.pem`);
        return folder.identity(role);
      },
    };
  },
};

/** Tutorial 3: `openssl ca` with the configuration that OpenSSL ships. */
const opensslCa: Recipe = {
  name: "openssl ca, with its own configuration",
  programs: ["openssl"],
  make(folder) {
    mkdirSync(join(folder.path, "demoCA/newcerts"), { recursive: true });
    mkdirSync(join(folder.path, "demoCA/private"));
    folder.write("demoCA/index.txt", "");
    folder.write("demoCA/serial", "1000\n");
    const names = "/C=DE/ST=Berlin/O=Example";
    const into = "-keyout demoCA/private/cakey.pem -out demoCA/cacert.pem";
    folder.run("openssl", `req -x509 -newkey rsa:2048 -nodes -days 30 -subj "${names}/CN=My CA" ${into}`);
    return {
      ca: folder.read("demoCA/cacert.pem"),
      issue(role) {
        const request = `-nodes -keyout ${role}.key -subj ${names}/CN=${role}.example.com -out ${role}.csr`;
        folder.run("openssl", `req -newkey rsa:2048 ${request}`);
        folder.run("openssl", `ca -batch -notext -days 30 -in ${role}.csr -out ${role}.pem`);
        return folder.identity(role);
      },
    };
  },
  refused: { server: () => /no name at all \(subjectAltName\).*-extfile/ },
};

const certtool: Recipe = {
  name: "certtool",
  programs: ["certtool"],
  make(folder) {
    const key = (name: string) => folder.run("certtool", `--generate-privkey --key-type ecdsa --outfile ${name}.key`);
    key("ca");
    folder.write("ca.cfg", 'cn = "My CA"\nca\ncert_signing_key\nexpiration_days = 30\n');
    folder.run("certtool", "--generate-self-signed --load-privkey ca.key --template ca.cfg --outfile ca.pem");
    return {
      ca: folder.read("ca.pem"),
      issue(role) {
        key(role);
        const names = role === "server" ? `dns_name = "${host}"\n` : "";
        const usage = `tls_www_${role}\nsigning_key\nencryption_key\nexpiration_days = 30\n`;
        folder.write(`${role}.cfg`, `cn = "${role}"\n${names}${usage}`);
        const by = "--load-ca-certificate ca.pem --load-ca-privkey ca.key";
        const about = `--load-privkey ${role}.key --template ${role}.cfg --outfile ${role}.pem`;
        folder.run("certtool", `--generate-certificate ${by} ${about}`);
        return folder.identity(role);
      },
    };
  },
};

/** Converts a PKCS#12 key store to two PEM files with OpenSSL. */
function unpack(folder: Folder, store: string, role: Role): Identity {
  const from = `pkcs12 -in ${store} -passin pass:changeit -nodes`;
  folder.run("openssl", `${from} -nocerts -out ${role}.key`);
  folder.run("openssl", `${from} -clcerts -nokeys -out ${role}.pem`);
  return folder.identity(role);
}

const keytool: Recipe = {
  name: "keytool",
  programs: ["keytool", "openssl"],
  make(folder) {
    // The options are for a short run: most of the time is the start of Java.
    const store = (name: string) =>
      `-J-XX:TieredStopAtLevel=1 -J-XX:+UseSerialGC -keystore ${name}.p12 -storetype PKCS12 -storepass changeit`;
    const pair = (name: string, more: string) =>
      folder.run("keytool", `-genkeypair -alias ${name} ${store(name)} -keyalg RSA -keysize 2048 -validity 30 ${more}`);
    pair("ca", '-dname "CN=My CA, O=Example" -ext bc:c');
    folder.run("keytool", `-exportcert -rfc -alias ca ${store("ca")} -file ca.pem`);
    return {
      ca: folder.read("ca.pem"),
      issue(role) {
        pair(role, `-dname "CN=${role}, O=Example"`);
        folder.run("keytool", `-certreq -alias ${role} ${store(role)} -file ${role}.csr`);
        const extensions = `-ext san=dns:${host} -ext eku=${role}Auth -ext ku:c=digitalSignature,keyEncipherment`;
        const files = `-infile ${role}.csr -outfile ${role}.crt -rfc -validity 30`;
        folder.run("keytool", `-gencert -alias ca ${store("ca")} ${extensions} ${files}`);
        folder.run("keytool", `-importcert -noprompt -alias ca ${store(role)} -file ca.pem`);
        folder.run("keytool", `-importcert -noprompt -alias ${role} ${store(role)} -file ${role}.crt`);
        return unpack(folder, `${role}.p12`, role);
      },
    };
  },
};

const certutil: Recipe = {
  name: "certutil",
  programs: ["certutil", "pk12util", "openssl"],
  make(folder) {
    folder.write("noise", "some noise for the keys, which are of no use to anybody");
    mkdirSync(join(folder.path, "db"));
    folder.run("certutil", "-N -d sql:db --empty-password");
    const issueWith = (args: string, input = "") =>
      folder.run("certutil", `-S -d sql:db -z noise -k ec -q nistp256 -v 1 ${args}`, input);
    // With -2, certutil asks three questions: is it a CA, which path length, and is the extension critical.
    issueWith('-x -n ca -s "CN=My CA,O=Example" -t CT,, -m 1 --keyUsage certSigning,critical -2', "y\n\ny\n");
    folder.run("certutil", "-L -d sql:db -n ca -a -o ca.pem");
    let serial = 1;
    return {
      ca: folder.read("ca.pem"),
      issue(role) {
        const usage = `--keyUsage digitalSignature,critical --extKeyUsage ${role}Auth`;
        issueWith(`-n ${role} -c ca -s "CN=${role},O=Example" -t ,, -m ${++serial} -8 ${host} ${usage}`);
        folder.run("pk12util", `-d sql:db -n ${role} -o ${role}.p12 -W changeit -K ""`);
        return unpack(folder, `${role}.p12`, role);
      },
    };
  },
};

const folders: Folder[] = [];
afterAll(() => {
  for (const { path } of folders) rmSync(path, { recursive: true, force: true });
});

const ours = await testCa();
const ourServer = await ours.issue({ names: [host] });

/** The result of a handshake: `"open"`, or the error of the side that verifies the certificate. */
async function verdict(role: Role, ca: string, identity: Identity): Promise<string> {
  const { a, b } = memoryPair();
  const connecting = connect(a, {
    provider: nodeCrypto,
    serverName: host,
    ca: role === "server" ? ca : ours.pem,
    ...(role === "client" && { credentials: nodeCredential(identity) }),
  });
  const accepting = accept(b, {
    provider: nodeCrypto,
    credentials: [nodeCredential(role === "server" ? identity : ourServer)],
    ...(role === "client" && { clientAuth: "require" as const, ca: ca }),
  });
  const [judge, other] = role === "server" ? [connecting, accepting] : [accepting, connecting];
  other.catch(() => {});
  try {
    const channel = await judge;
    await other;
    channel.abort();
    return "open";
  } catch (error) {
    return (error as Error).message;
  }
}

describe.each([withoutExtfile, withExtfile, opensslCa, certtool, keytool, certutil])("$name", (way) => {
  const missing = way.programs.filter((program) => !find(program));
  /** One CA of this kind issues both certificates. */
  let authority: ReturnType<Recipe["make"]>;
  beforeAll(() => {
    if (missing.length) return;
    const folder = new Folder();
    folders.push(folder);
    authority = way.make(folder);
  });
  const suffix = missing.length ? `, but there is no ${missing.join(", ")}` : "";

  test.skipIf(missing.length).each(["server", "client"] as const)(
    `issues a %s's certificate with the expected verdict${suffix}`,
    async (role) => {
      const { ca, issue } = authority;
      const identity = issue(role);
      const { version } = parseCertificate(parsePemCertificates(identity.cert)[0]!);
      const text = way.refused?.[role]?.(version);
      expect(await verdict(role, ca, identity)).toMatch(text ?? /^open$/);
    },
  );
});
