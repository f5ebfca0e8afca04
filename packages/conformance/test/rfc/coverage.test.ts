import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { codeFile, coverage, splitCitation, testFile } from "../../src/rfc/coverage.ts";
import { bothRoles, obeyedBy, type Role, type Statement } from "../../src/rfc/statement.ts";
import { fullyCovered, rfcs } from "../../src/rfc/statements.ts";
import { type Found, hasTitle, testsIn } from "../testTitles.ts";

const fromRoot = (path: string): string => fileURLToPath(new URL(`../../../../${path}`, import.meta.url));
const readText = (path: string): string => (existsSync(fromRoot(path)) ? readFileSync(fromRoot(path), "utf8") : "");
const statements = rfcs.flatMap(({ number, statements: list }) => list.map((one) => ({ ...one, rfc: number })));

/** True if the text of a source file declares this name as a function, a constant, a class, a type or a member. */
function declares(source: string, name: string): boolean {
  const escaped = name.replace(/[^A-Za-z0-9_]/g, "\\$&");
  const top = new RegExp(`\\b(?:function\\*?|const|class|interface|type) ${escaped}\\b`);
  const member = new RegExp(
    `^ +(?:abstract |readonly |protected |static |async |get )*\\*?#?${escaped}(?:<[^>]*>)?[(:]`,
    "m",
  );
  return top.test(source) || member.test(source);
}

const roles = ["client", "server"] as const;

/** The role whose code this is. `undefined` if both roles use it. */
function ownerOf(place: string): Role | undefined {
  if (/\/(client|connect)\.ts#|Client$/.test(place)) return "client";
  return /\/(server|negotiate|accept|tickets)\.ts#|Server$/.test(place) ? "server" : undefined;
}

/** The roles that a demand binds: the role that its text names. If it names both roles or neither, it binds both. */
function boundBy({ demand }: Statement): readonly Role[] {
  const named = roles.filter((role) => new RegExp(`\\b${role}s?\\b`).test(demand));
  return named.length ? named : roles;
}

/**
 * The reason why the citations of a statement do not show that each role obeys it. `undefined` if they do show it.
 * For example, a demand on the list that a server sends must not cite only the client's code, which reads that list.
 */
function roleFault(statement: Statement): string | undefined {
  const { code, sides } = statement;
  if (!sides) {
    const owners = new Set(code.flatMap((place) => ownerOf(place) ?? []));
    const bound = boundBy(statement);
    return owners.size && !(bound.length === 1 && owners.size === 1 && owners.has(bound[0] as Role))
      ? `binds ${bound.join(" and ")}, names code of ${[...owners].join(" and ")}: ` +
          "name the roles with bothRoles(), clientOnly() or serverOnly()"
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

describe("the statements", () => {
  test("cite only symbols that exist", () => {
    const missing = statements
      .flatMap(({ code }) => code)
      .filter((place) => {
        const [file = "", symbol] = place.split("#");
        const source = readText(codeFile(file));
        return !symbol?.split(".").every((name) => declares(source, name));
      });
    expect(missing).toEqual([]);
  });

  test("cite only tests that exist, by their titles and the titles of their describe blocks", () => {
    const found = new Map<string, readonly Found[]>();
    const testsOf = (file: string): readonly Found[] => {
      if (!found.has(file)) found.set(file, testsIn(readText(testFile(file))));
      return found.get(file) ?? [];
    };
    const missing = statements
      .flatMap(({ tests }) => tests)
      .filter((one) => {
        const [file, title] = splitCitation(one);
        return !hasTitle(testsOf(file), title);
      });
    expect(missing).toEqual([]);
  });

  test("would fail the first check if they cited a missing symbol", () => {
    expect(declares("export const one = 1;\nclass Two {\n  #three(): void {}\n}", "three")).toBe(true);
    expect(declares("export const one = 1; // three()", "three")).toBe(false);
  });
});

describe("each statement", () => {
  test("names its code, with its tests or a reason, or if it is not obeyed, a reason", () => {
    const incomplete = statements.filter(({ verdict, code, tests, reason }) =>
      verdict === "obeyed" ? !code.length || !(tests.length || reason) : !reason,
    );
    expect(incomplete).toEqual([]);
  });

  test("names code and tests of each role that it binds", () => {
    const wrong = statements.flatMap((one) => {
      const fault = one.verdict === "obeyed" && roleFault(one);
      return fault ? [`RFC ${one.rfc} §${one.section}, "${one.demand}": ${fault}`] : [];
    });
    expect(wrong).toEqual([]);
  });

  test("would fail that check if it binds both roles and names only the code of one role", () => {
    const client = obeyedBy("handshake/extensions/alpn.ts#alpnClient", "a: b");
    const server = obeyedBy("handshake/extensions/alpn.ts#alpnServer", "a: b");
    const fault = (demand: string, answer: Omit<Statement, "section" | "demand">) =>
      roleFault({ section: "1", demand, ...answer });
    expect(fault("a server's list has it, and the client heeds it", client)).toContain("binds client and server");
    expect(fault("a list has it", client)).toContain("binds client and server");
    expect(fault("a server's list has it", client)).toContain("names code of client");
    expect(fault("a list has it", bothRoles({ client, server: client }))).toContain("alpnClient for the server");
    expect(fault("a list has it", bothRoles({ client, server: { ...server, tests: [] } }))).toContain(
      "no test of the server",
    );
    expect(fault("a list has it", bothRoles({ client, server }))).toBeUndefined();
    expect(fault("a client's list has it", client)).toBeUndefined();
    expect(fault("it is so", obeyedBy("record/reader.ts#RecordReader", "a: b"))).toBeUndefined();
  });

  test("comes after the statements of earlier sections", () => {
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

test("docs/rfc-coverage.md has each RFC only once, and covers six RFCs fully", () => {
  expect(fullyCovered.map(({ number }) => number)).toEqual([5246, 5746, 7627, 5077, 7366, 8422]);
  expect(new Set(rfcs.map(({ number }) => number)).size).toBe(rfcs.length);
});

test("docs/rfc-coverage.md is generated from the statements", () => {
  const path = fromRoot("docs/rfc-coverage.md");
  if (process.env.HANDCLASP_RFC_COVERAGE === "write") writeFileSync(path, coverage());
  expect(readFileSync(path, "utf8")).toBe(coverage());
});
