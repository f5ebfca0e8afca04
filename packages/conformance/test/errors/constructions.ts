/**
 * Finds the calls in the sources that construct errors, except CertificateError, which `reference.test.ts` checks. For
 * each call, it reads the code, the alert and the fault if these are literals.
 * @module
 */
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../../..", import.meta.url));
/**
 * The packages whose errors users see. The testing package is left out: its errors simulate failures of a transport.
 */
const packages = ["core", "websocket", "fetch", "node", "browser"];
/** The file that declares the codes as types. */
const types = "packages/core/src/errorCodes.ts";

export interface Source {
  readonly path: string;
  readonly text: string;
}

export const sources: readonly Source[] = packages
  .flatMap((name) => {
    const folder = join(root, "packages", name, "src");
    return readdirSync(folder, { recursive: true, encoding: "utf8" }).map((path) => join(folder, path));
  })
  .filter((path) => path.endsWith(".ts"))
  .map((path) => ({ path: relative(root, path), text: withoutComments(readFileSync(path, "utf8")) }))
  .filter(({ path }) => path !== types);

/**
 * One call that constructs an error. If an argument is neither a literal nor a choice between literals, its property is
 * `undefined`, or "us" for `by`.
 */
export interface Construction {
  readonly path: string;
  readonly codes: readonly string[] | undefined;
  /** `[]` if no alert is sent. */
  readonly alerts: readonly string[] | undefined;
  readonly fault: string | undefined;
  readonly by: string;
}

type Maker = (args: readonly string[]) => Omit<Construction, "path">;

const makers: Readonly<Record<string, Maker>> = {
  "new TlsError": ([alert = "", , options = ""]) => {
    const alerts = alert === "undefined" ? [] : literals(alert);
    const code = property(options, "code");
    const fault = property(options, "fault");
    return {
      alerts,
      codes: code === undefined ? alerts : literals(code),
      fault: fault === undefined ? "peer" : literals(fault)?.[0],
      by: literals(property(options, "by") ?? "")?.[0] ?? "us",
    };
  },
  "new FrameError": ([, , code = '"invalid_frame"']) => withoutAlert("peer", literals(code)),
  configurationError: ([, , code]) => withoutAlert("configuration", code ? literals(code) : ["configuration"]),
  usageError: () => withoutAlert("application", ["usage"]),
  responseError: ([code = ""]) => withoutAlert("peer", literals(code)),
  requestError: ([code = ""]) => withoutAlert("application", literals(code)),
  transportError: ([code = ""]) => withoutAlert("transport", literals(code)),
  ocspError: ([code = ""]) => {
    const [known] = literals(code) ?? [];
    const alert = known === "revoked" ? "certificate_revoked" : "bad_certificate_status_response";
    return { codes: known ? [known] : undefined, alerts: known ? [alert] : undefined, fault: "peer", by: "us" };
  },
};

const withoutAlert = (fault: string, codes: readonly string[] | undefined): Omit<Construction, "path"> => ({
  codes,
  alerts: [],
  fault,
  by: "us",
});

export const constructionsIn = ({ path, text }: Source): Construction[] =>
  Object.entries(makers).flatMap(([name, maker]) =>
    [...text.matchAll(new RegExp(`(?<!function |[\\w.])${name}\\(`, "g"))].map((call) => ({
      path,
      ...maker(argumentsFrom(text, call.index + call[0].length)),
    })),
  );

/**
 * The literals that an expression can yield, from both branches of a condition; `undefined` if anything else is in it.
 */
function literals(expression: string): readonly string[] | undefined {
  const branches = expression.includes("?") ? expression.slice(expression.indexOf("?") + 1) : expression;
  const found = [...branches.matchAll(/"([A-Za-z_]+)"/g)].map(([, literal = ""]) => literal);
  const rest = branches.replaceAll(/"[A-Za-z_]+"/g, "").replaceAll(/[\s:]/g, "");
  return found.length && !rest ? found : undefined;
}

/**
 * The expression of a property in the text of an object literal. `undefined` if the property is absent. A shorthand
 * property yields its own name.
 */
function property(object: string, name: string): string | undefined {
  const parts = argumentsFrom(object, object.indexOf("{") + 1);
  const found = parts.find((part) => part === name || part.startsWith(`${name}:`));
  return found?.replace(`${name}:`, "").trim();
}

/** The arguments of a call, or the properties of an object: the parts between commas up to the closing bracket. */
function argumentsFrom(text: string, from: number): string[] {
  const args: string[] = [];
  let depth = 0;
  let start = from;
  const cut = (end: number): void => {
    const part = text.slice(start, end).trim();
    if (part) args.push(part);
    start = end + 1;
  };
  for (let at = from; at < text.length; at++) {
    const char = text[at] as string;
    if ("\"'`".includes(char)) at = endOfLiteral(text, at);
    else if ("([{".includes(char)) depth++;
    else if (")]}".includes(char) && depth-- === 0) {
      cut(at);
      return args;
    } else if (char === "," && depth === 0) cut(at);
  }
  return args;
}

/**
 * The position of the quote that ends a string or a template. The first quote inside a nested template ends the outer
 * one, which does no harm in the present sources.
 */
function endOfLiteral(text: string, from: number): number {
  let at = from + 1;
  while (at < text.length && text[at] !== text[from]) at += text[at] === "\\" ? 2 : 1;
  return at;
}

function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\//g, "").replaceAll(/^\s*\/\/.*$/gm, "");
}
