import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { codeFile, coverage, parted, testFile } from "../../src/rfc/coverage.ts";
import { both, by, type Role, type Statement } from "../../src/rfc/statement.ts";
import { rfcs, six } from "../../src/rfc/statements.ts";

const at = (path: string): string => fileURLToPath(new URL(`../../../../${path}`, import.meta.url));
const text = (path: string): string => (existsSync(at(path)) ? readFileSync(at(path), "utf8") : "");
const statements = rfcs.flatMap(({ number, statements: list }) => list.map((one) => ({ ...one, rfc: number })));

/** True where a source declares this name: a function, a constant, a type, or a member. */
function declares(source: string, name: string): boolean {
  const escaped = name.replace(/[^A-Za-z0-9_]/g, "\\$&");
  const top = new RegExp(`\\b(?:function\\*?|const|class|interface|type) ${escaped}\\b`);
  const member = new RegExp(
    `^ +(?:abstract |readonly |protected |static |async |get )*\\*?#?${escaped}(?:<[^>]*>)?[(:]`,
    "m",
  );
  return top.test(source) || member.test(source);
}

/** True where the parts of a title stand in a file as string literals, each behind the one before. */
function says(source: string, title: string): boolean {
  let from = 0;
  return title.split(" > ").every((part) => {
    const places = ['"', "'", "`"].map((quote) => source.indexOf(`${quote}${part}${quote}`, from));
    // A title that begins with what a template puts in.
    places.push(source.indexOf(`} ${part}\``, from));
    const found = places.filter((place) => place >= 0);
    if (!found.length) return false;
    from = Math.min(...found) + part.length;
    return true;
  });
}

const roles = ["client", "server"] as const;

/** The role that alone has this code; `undefined` where both share it. */
function ownerOf(place: string): Role | undefined {
  if (/\/(client|connect)\.ts#|Client$/.test(place)) return "client";
  return /\/(server|negotiate|accept|tickets)\.ts#|Server$/.test(place) ? "server" : undefined;
}

/** Whom a demand binds, by its words: one that names both roles or none binds both. */
function boundBy({ demand }: Statement): readonly Role[] {
  const named = roles.filter((role) => new RegExp(`\\b${role}s?\\b`).test(demand));
  return named.length ? named : roles;
}

/**
 * Why the places of a statement do not show that each role obeys it. "A server's list of formats has the uncompressed
 * one" once named the client's half alone, which reads such a list: that the server sends one, nothing held.
 */
function roleFault(statement: Statement): string | undefined {
  const { code, sides } = statement;
  if (!sides) {
    const owners = new Set(code.flatMap((place) => ownerOf(place) ?? []));
    const bound = boundBy(statement);
    return owners.size && !(bound.length === 1 && owners.size === 1 && owners.has(bound[0] as Role))
      ? `binds ${bound.join(" and ")}, names code of ${[...owners].join(" and ")}: say whose it is by both(), ofClient() or ofServer()`
      : undefined;
  }
  for (const role of roles) {
    const side = sides[role];
    if (!side) continue;
    if (!side.code.length || !side.tests.length) return `names no code or no test of the ${role}`;
    const foreign = side.code.find((place) => (ownerOf(place) ?? role) !== role);
    if (foreign) return `names ${foreign} for the ${role}`;
  }
  return undefined;
}

describe("what a statement names is there", () => {
  test("each symbol of code", () => {
    const gone = statements
      .flatMap(({ code }) => code)
      .filter((place) => {
        const [file = "", symbol] = place.split("#");
        const source = text(codeFile(file));
        return !symbol?.split(".").every((name) => declares(source, name));
      });
    expect(gone).toEqual([]);
  });

  test("each test, by its title and those around it", () => {
    const gone = statements
      .flatMap(({ tests }) => tests)
      .filter((one) => {
        const [file, title] = parted(one);
        return !says(text(testFile(file)), title);
      });
    expect(gone).toEqual([]);
  });

  test("and a name that is not there is found out", () => {
    expect(declares("export const one = 1;\nclass Two {\n  #three(): void {}\n}", "three")).toBe(true);
    expect(declares("export const one = 1; // three()", "three")).toBe(false);
    const source = 'describe("a", () => {\n  test("b", () => {});\n});';
    expect([says(source, "a > b"), says(source, "b > a"), says(source, "c")]).toEqual([true, false, false]);
  });
});

describe("each statement", () => {
  test("says where it is obeyed and what holds it, or why not", () => {
    const unsaid = statements.filter(({ verdict, code, tests, reason }) =>
      verdict === "obeyed" ? !code.length || !(tests.length || reason) : !reason,
    );
    expect(unsaid).toEqual([]);
  });

  test("names code and a test of each role that it binds", () => {
    const wrong = statements.flatMap((one) => {
      const fault = one.verdict === "obeyed" && roleFault(one);
      return fault ? [`RFC ${one.rfc} §${one.section}, "${one.demand}": ${fault}`] : [];
    });
    expect(wrong).toEqual([]);
  });

  test("and one that names the half of one role for what binds both is found out", () => {
    const client = by("handshake/extensions/alpn.ts#alpnClient", "a: b");
    const server = by("handshake/extensions/alpn.ts#alpnServer", "a: b");
    const fault = (demand: string, answer: Omit<Statement, "section" | "demand">) =>
      roleFault({ section: "1", demand, ...answer });
    expect(fault("a server's list has it, and the client heeds it", client)).toContain("binds client and server");
    expect(fault("a list has it", client)).toContain("binds client and server");
    expect(fault("a server's list has it", client)).toContain("names code of client");
    expect(fault("a list has it", both({ client, server: client }))).toContain("alpnClient for the server");
    expect(fault("a list has it", both({ client, server: { ...server, tests: [] } }))).toContain(
      "no test of the server",
    );
    expect(fault("a list has it", both({ client, server }))).toBeUndefined();
    expect(fault("a client's list has it", client)).toBeUndefined();
    expect(fault("it is so", by("record/reader.ts#RecordReader", "a: b"))).toBeUndefined();
  });

  test("stands in the order of sections", () => {
    const key = (section: string): string =>
      (section.split(/[ ,]/)[0] ?? "")
        .split(".")
        .map((part) => part.padStart(3, /^[0-9]/.test(part) ? "0" : "~"))
        .join(".");
    for (const { number, statements: list } of rfcs) {
      const sections = list.map(({ section }) => key(section));
      expect([number, ...sections]).toEqual([number, ...[...sections].sort()]);
    }
  });
});

test("the six RFCs are covered, each once, and so are the others", () => {
  expect(six.map(({ number }) => number)).toEqual([5246, 5746, 7627, 5077, 7366, 8422]);
  expect(new Set(rfcs.map(({ number }) => number)).size).toBe(rfcs.length);
});

test("docs/rfc-coverage.md says what the statements say", () => {
  const path = at("docs/rfc-coverage.md");
  if (process.env.HANDCLASP_RFC_COVERAGE === "write") writeFileSync(path, coverage());
  expect(readFileSync(path, "utf8")).toBe(coverage());
});
