/** Compares the path search and the check of name constraints with simple models, on randomly generated chains. */
import { noble } from "@handclasp/core";
import { nodeCrypto } from "@handclasp/node";
import fc from "fast-check";
import { expect, it } from "vitest";
import {
  type Authority,
  basicConstraints,
  bytes,
  clientAuth,
  directory,
  dns,
  ecKey,
  email,
  extension,
  extKeyUsage,
  ip,
  issue,
  type KeyPair,
  keyUsage,
  name,
  nameConstraints,
  octets,
  other,
  seq,
  serverAuth,
  signers,
  subjectAltName,
  tlv,
  uri,
} from "../../../core/test/x509/make.ts";
import { verdict } from "../../../core/test/x509/verify.ts";

/** The base number of random cases. `pnpm fuzz` sets HANDCLASP_FUZZ. */
const numRuns = Math.ceil(Number(process.env.HANDCLASP_FUZZ ?? 20_000) / 40);
const timeout = 240_000 + 200 * numRuns;
// node:crypto verifies signatures much faster than noble.
const ask = { provider: { ...noble, verify: nodeCrypto.verify, canVerify: nodeCrypto.canVerify }, reference: null };

/** A CA is a name with one of the two keys of that name. Several CAs can certify it, and it can certify itself. */
const nodes = Array.from({ length: 8 }, (_, i) => ({ ca: i >> 1, key: ecKey(), id: i }));
type Ca = (typeof nodes)[number];
const titled = ({ ca }: Ca) => name(`CN=CA ${ca}`);

const defects = [
  "expired",
  "early",
  "no CA",
  "no keyCertSign",
  "other EKU",
  "forged",
  "critical",
  "SHA-1",
  "pathLen 0",
] as const;
type Defect = (typeof defects)[number] | "pathLen 1" | "none";

interface Edge {
  readonly subject: Ca;
  readonly issuer: Ca;
  readonly defect: Defect;
  /** Key identifiers are only hints, and may be wrong. */
  readonly hints: "right" | "wrong" | "none";
}

function certify({ subject, issuer, defect, hints }: Edge, end = false): Authority {
  const identifier = (of: Ca) => bytes(hints === "right" ? of.id : 99);
  const pathLen = defect === "pathLen 0" ? 0 : defect === "pathLen 1" ? 1 : undefined;
  return issue({
    subject: end ? name("CN=end") : titled(subject),
    issuer: { der: bytes(), subject: titled(issuer), key: issuer.key, signer: signers.ecdsaSha256 },
    key: end ? endKey : subject.key,
    ...(defect === "expired" && { notAfter: "2025-02-01T00:00:00Z" }),
    ...(defect === "early" && { notBefore: "2025-09-01T00:00:00Z" }),
    ...(defect === "SHA-1" && { signer: signers.ecdsaSha1 }),
    forge: defect === "forged",
    extensions: [
      ...(end ? [] : [basicConstraints(defect !== "no CA", pathLen), keyUsage(defect === "no keyCertSign" ? 6 : 5)]),
      extKeyUsage(defect === "other EKU" ? clientAuth : serverAuth),
      ...(defect === "critical" ? [extension("1.2.3.4", octets(bytes()), true)] : []),
      ...(hints === "none"
        ? []
        : [
            extension("2.5.29.14", octets(identifier(subject))),
            extension("2.5.29.35", tlv(0x30, tlv(0x80, identifier(issuer)))),
          ]),
    ],
  });
}
const endKey: KeyPair = ecKey();

/**
 * True if `path` can be extended to an anchor so that every rule for its issuers holds. It tries all paths. The caller
 * checks the first certificate.
 */
function reaches(edges: readonly Edge[], anchors: readonly Edge[], path: readonly Edge[]): boolean {
  const child = path[path.length - 1]!;
  const issues = (edge: Edge) =>
    edge.subject === child.issuer &&
    child.defect !== "forged" &&
    lengthOf(edge.defect) >= path.slice(1).filter(({ subject, issuer }) => subject.ca !== issuer.ca).length;
  if (anchors.some((anchor) => issues(anchor) && (sound(anchor) || unsigned.has(anchor.defect)))) return true;
  return edges.some(
    (edge) =>
      issues(edge) &&
      sound(edge) &&
      !path.slice(1).some(({ subject }) => subject === edge.subject) &&
      reaches(edges, anchors, [...path, edge]),
  );
}
const lengthOf = (defect: Defect) => (defect === "pathLen 0" ? 0 : defect === "pathLen 1" ? 1 : Infinity);
const sound = ({ defect }: Edge) => defect === "none" || lengthOf(defect) < Infinity || defect === "forged";
/** The defects that do not matter in a trust anchor, because the verifier does not check its signature. */
const unsigned: ReadonlySet<Defect> = new Set<Defect>(["SHA-1"]);

it("the verifier finds a path if and only if one exists", { timeout }, async () => {
  const ca = fc.constantFrom(...nodes);
  const defect = fc.oneof(
    { weight: 6, arbitrary: fc.constant<Defect>("none") },
    { weight: 4, arbitrary: fc.constantFrom<Defect>(...defects, "pathLen 1") },
  );
  const hints = fc.constantFrom("right", "wrong", "none");
  const edge = fc.record({ subject: ca, issuer: ca, defect, hints });
  const anchor = fc.record({ subject: ca, defect, hints }).map((one): Edge => ({ ...one, issuer: one.subject }));
  const count = { ok: 0, refused: 0 };
  await fc.assert(
    fc.asyncProperty(
      fc.array(edge, { minLength: 2, maxLength: 12 }),
      fc.array(anchor, { minLength: 1, maxLength: 2 }),
      edge,
      async (edges, anchors, end) => {
        const chain = [certify(end, true), ...edges.map((one) => certify(one))];
        const got = await verdict(
          chain,
          anchors.map((one) => certify(one)),
          ask,
        );
        const good = ["none", "forged", "pathLen 0", "pathLen 1"].includes(end.defect) || noCa.has(end.defect);
        const wanted = good && reaches(edges, anchors, [end]);
        count[wanted ? "ok" : "refused"]++;
        expect(got === "ok").toBe(wanted);
      },
    ),
    { numRuns: 2 * numRuns },
  );
  // The comparison proves little if one of the two results is rare.
  expect(Math.min(count.ok, count.refused) / numRuns).toBeGreaterThan(0.1);
});
/** The defects that matter only in a CA. */
const noCa: ReadonlySet<Defect> = new Set<Defect>(["no CA", "no keyCertSign"]);

/**
 * Names, and their relations to the subtrees, one letter for each subtree: `i` inside, `o` outside, `v` a wildcard that
 * reaches inside, `x` cannot be processed.
 */
type Table = readonly (readonly [encoded: Uint8Array, relations: string])[];
interface Form {
  readonly subtrees: readonly Uint8Array[];
  readonly names: Table;
}
const O = (...rdns: string[]) => name(...rdns);
const forms: readonly Form[] = [
  {
    subtrees: ["ok.example", "a.ok.example", "example", "", "bad.example", ".ok.example", "*.ok.example"].map(dns),
    names: [
      [dns("ok.example"), "ioiioox"],
      [dns("OK.Example"), "ioiioox"],
      [dns("a.ok.example"), "iiiioix"],
      [dns("b.a.ok.example"), "iiiioix"],
      [dns("notok.example"), "ooiioox"],
      [dns("_x.bad.example"), "ooiiiox"],
      [dns("*.ok.example"), "iviioix"],
      [dns("*.a.ok.example"), "iiiioix"],
      [dns("*.example"), "voiivox"],
      [dns("ok..example"), "xxxxxxx"],
      [dns("ok.example."), "xxxxxxx"],
      [dns("*"), "xxxxxxx"],
    ],
  },
  {
    subtrees: [
      ip(10, 0, 0, 0, 255, 0, 0, 0),
      ip(10, 9, 9, 9, 255, 255, 0, 0),
      ip(0, 0, 0, 0, 0, 0, 0, 0),
      ip(0x20, 1, 0xd, 0xb8, ...Array<number>(12).fill(0), 255, 255, 255, 255, ...Array<number>(12).fill(0)),
      ip(10, 0, 0, 1),
      ip(10, 0, 0, 0, 255, 0, 255, 0),
    ],
    names: [
      [ip(10, 0, 0, 1), "ioioxx"],
      [ip(10, 9, 255, 255), "iiioxx"],
      [ip(192, 168, 0, 1), "ooioxx"],
      [ip(0x20, 1, 0xd, 0xb8, ...Array<number>(11).fill(0), 1), "oooixx"],
      [ip(0x20, 2, 0xd, 0xb8, ...Array<number>(11).fill(0), 1), "ooooxx"],
      [ip(10, 0, 0), "xxxxxx"],
    ],
  },
  {
    subtrees: ["me@ok.example", "ok.example", ".ok.example", "", "@ok.example"].map(email),
    names: [
      [email("me@ok.example"), "iioix"],
      [email("you@OK.example"), "oioix"],
      [email("ME@ok.example"), "oioix"],
      [email("me@a.ok.example"), "ooiix"],
      [email("me@bad.example"), "oooix"],
      [email("me"), "xxxxx"],
    ],
  },
  {
    subtrees: [O("O=Ok"), O("O=Ok", "OU=x"), O("O=x"), O("O= oK "), O()].map(directory),
    names: [
      [directory(O("O=Ok")), "iooii"],
      [directory(O("O=Ok", "OU=X", "CN=y")), "iioii"],
      [directory(O("OU=x", "O=Ok")), "ooooi"],
      [directory(O("O=Bad")), "ooooi"],
    ],
  },
  {
    subtrees: ["ok.example", ".ok.example", "", "https://ok.example", "a@ok.example"].map(uri),
    names: [
      [uri("https://OK.example/"), "ioixx"],
      [uri("spiffe://ok.example"), "ioixx"],
      [uri("https://a:b@a.ok.example:1?x"), "oiixx"],
      [uri("https://bad.example/@ok.example"), "ooixx"],
      [uri("urn:ok.example"), "xxxxx"],
      [uri("https://10.0.0.1/"), "xxxxx"],
    ],
  },
  { subtrees: [other("ok")], names: [[other("ok"), "x"]] },
];
const directories = forms[3]!;

interface Choice {
  readonly form: number;
  readonly index: number;
}
interface Constraints {
  readonly permitted: readonly Choice[];
  readonly excluded: readonly Choice[];
}

function allowed({ form, index }: Choice, { permitted, excluded }: Constraints): boolean {
  const [, relations] = forms[form]!.names[index]!;
  const relate = (choices: readonly Choice[]) =>
    choices.filter((choice) => choice.form === form).map((choice) => relations[choice.index]!);
  const inside = relate(permitted);
  const outside = relate(excluded);
  if ([...inside, ...outside].includes("x")) return false;
  return outside.every((relation) => relation === "o") && (!inside.length || inside.includes("i"));
}

/** With an empty subject, the extension must be critical. */
const altNames = (encoded: Uint8Array): Uint8Array => extension("2.5.29.17", seq(encoded), true);

it("the verdict on each name matches the table, for each subtree of its form, permitted or excluded", async () => {
  const keys = [ecKey(), ecKey()] as const;
  for (const { names, subtrees } of forms) {
    for (const [i, subtree] of subtrees.entries()) {
      const [permitting, excluding] = [nameConstraints([subtree]), nameConstraints([], [subtree])].map((constraints) =>
        issue({ subject: O("O=Root"), key: keys[0], extensions: [basicConstraints(true), keyUsage(5), constraints] }),
      );
      for (const [encoded, relations] of names) {
        const leaf = issue({ subject: O(), issuer: permitting!, key: keys[1], extensions: [altNames(encoded)] });
        const got = await Promise.all([permitting!, excluding!].map((root) => verdict([leaf], [root], ask)));
        const wanted = [relations[i] === "i", relations[i] === "o"].map((ok) => (ok ? "ok" : "name_constraint"));
        expect([encoded, subtree, ...got]).toEqual([encoded, subtree, ...wanted]);
      }
    }
  }
});

it("the verifier accepts exactly the names that every CA permits and no CA excludes", { timeout }, async () => {
  /** Choices mostly of one form, so that the constraints often apply to the names. */
  const choose = (theme: number, from: (form: Form) => readonly unknown[], max: number) =>
    fc.array(
      fc
        .oneof({ weight: 4, arbitrary: fc.constant(theme) }, { weight: 1, arbitrary: fc.nat(forms.length - 1) })
        .chain((form) => fc.record({ form: fc.constant(form), index: fc.nat(from(forms[form]!).length - 1) })),
      { maxLength: max },
    );
  const constraints = (theme: number) =>
    fc.record({
      permitted: choose(theme, ({ subtrees }) => subtrees, 2),
      excluded: choose(theme, ({ subtrees }) => subtrees, 1),
    });
  const input = fc.constantFrom(0, 0, 1, 2, 2, 3, 4, 5).chain((theme) =>
    fc.tuple(
      choose(theme, ({ names }) => names, 2),
      constraints(theme),
      constraints(theme),
    ),
  );
  const encode = ({ permitted, excluded }: Constraints) => {
    const subtrees = (choices: readonly Choice[]) => choices.map(({ form, index }) => forms[form]!.subtrees[index]!);
    return permitted.length + excluded.length ? [nameConstraints(subtrees(permitted), subtrees(excluded))] : [];
  };
  const [rootKey, middleKey, leafKey] = [ecKey(), ecKey(), ecKey()];
  const certifying = (content: Parameters<typeof issue>[0] & { extensions: Uint8Array[] }) =>
    issue({ ...content, extensions: [basicConstraints(true), keyUsage(5), ...content.extensions] });
  const count = { ok: 0, refused: 0 };
  await fc.assert(
    fc.asyncProperty(
      input,
      fc.nat(directories.names.length - 1),
      fc.boolean(),
      async ([names, above, below], subject, selfIssued) => {
        const root = certifying({ subject: O("O=Ok"), key: rootKey, extensions: encode(above) });
        // If the intermediate is not self-issued, its subject is a name of the table too, whose relations are known.
        const between = selfIssued ? 0 : 1;
        const nameOf = (index: number) => directories.names[index]![0].slice(2);
        const middle = certifying({
          subject: nameOf(between),
          issuer: root,
          key: middleKey,
          extensions: encode(below),
        });
        const leaf = issue({
          subject: nameOf(subject),
          issuer: middle,
          key: leafKey,
          extensions: names.length
            ? [subjectAltName(...names.map(({ form, index }) => forms[form]!.names[index]![0]))]
            : [],
        });
        const dn = (index: number): Choice => ({ form: 3, index });
        const wanted =
          [...names, dn(subject)].every((one) => allowed(one, above) && allowed(one, below)) &&
          (selfIssued || allowed(dn(between), above));
        count[wanted ? "ok" : "refused"]++;
        expect(await verdict([leaf, middle], [root], ask)).toBe(wanted ? "ok" : "name_constraint");
      },
    ),
    { numRuns: 3 * numRuns },
  );
  expect(Math.min(count.ok, count.refused) / numRuns).toBeGreaterThan(0.3);
});
