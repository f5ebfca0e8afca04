/**
 * Finds the tests in the text of a source file, so that a document can cite a test by its title.
 * @module
 */
import { parseAst } from "vitest/node";

export interface Found {
  /**
   * A test, a `describe` block, or a string inside of a `describe` block, which may name a case of a table. Each title
   * that is no string, or whose test is always skipped, is left out, and so is a block without a test.
   */
  readonly kind: "test" | "block" | "case";
  /**
   * The titles of the `describe` blocks around it, from the outermost, and its own. Each substitution of a template
   * literal is "…".
   */
  readonly titles: readonly string[];
}

/** The functions that define a test. The suites of `@handclasp/testing` define theirs with `check`. */
const testFunctions = new Set(["test", "it", "check"]);

export function testsIn(source: string): readonly Found[] {
  const found: Found[] = [];
  let tests = 0;
  const visit = (node: unknown, around: readonly string[]): void => {
    if (Array.isArray(node)) for (const each of node) visit(each, around);
    if (!isNode(node)) return;
    const text = textOf(node);
    if (text !== undefined && around.length) found.push({ kind: "case", titles: [...around, text] });
    const call = node.type === "CallExpression" ? calledBy(node.callee) : undefined;
    const isBlock = call?.name === "describe";
    const isTest = call !== undefined && testFunctions.has(call.name);
    if ((isBlock || isTest) && ["skip", "todo"].some((member) => call.members.includes(member))) return;
    const title = textOf((node.arguments as readonly unknown[] | undefined)?.[0]);
    const titles = title === undefined ? around : [...around, title];
    const before = tests;
    tests += Number(isTest);
    for (const [key, value] of Object.entries(node)) if (key !== "type") visit(value, isBlock ? titles : around);
    if (title === undefined) return;
    if (isTest) found.push({ kind: "test", titles });
    else if (isBlock && tests > before) found.push({ kind: "block", titles });
  };
  visit(parseAst(source, { lang: "ts" }), []);
  return found;
}

/**
 * True if one of these has the title. `cited` is `title` or `describe > title`, and may leave out `describe` blocks. If
 * a title begins with a substitution, `cited` may have only the text after it.
 */
export function hasTitle(found: readonly Found[], cited: string): boolean {
  const parts = cited.split(" > ");
  const own = parts.pop() as string;
  return found.some(({ titles }) => {
    const around = titles.slice(0, -1);
    return fits(titles.at(-1) as string, own) && parts.every((part) => takeThrough(around, part));
  });
}

/** Removes the first titles up to the one that fits. Returns false if none fits. */
function takeThrough(titles: string[], part: string): boolean {
  const at = titles.findIndex((title) => fits(title, part));
  titles.splice(0, at < 0 ? titles.length : at + 1);
  return at >= 0;
}

const fits = (title: string, cited: string): boolean =>
  title === cited || (title.startsWith("…") && title.endsWith(`… ${cited}`));

interface Node {
  readonly type: string;
  readonly [key: string]: unknown;
}
const isNode = (value: unknown): value is Node =>
  typeof value === "object" && value !== null && typeof (value as Partial<Node>).type === "string";

/** The name and the members of a called function: `test` and `skipIf` of `test.skipIf(condition)`. */
function calledBy(callee: unknown): { readonly name: string; readonly members: readonly string[] } {
  const members: string[] = [];
  for (let node = callee; isNode(node); ) {
    if (node.type === "Identifier") return { name: String(node.name), members };
    if (node.type === "MemberExpression") members.push(String((node.property as Node).name));
    node = node.type === "MemberExpression" ? node.object : node.callee;
  }
  return { name: "", members };
}

/** The text of a string, of a template literal, or of a sum of them. */
function textOf(node: unknown): string | undefined {
  if (!isNode(node)) return undefined;
  if (node.type === "Literal") return typeof node.value === "string" ? node.value : undefined;
  if (node.type === "TemplateLiteral")
    return (node.quasis as readonly { value: { cooked: string } }[]).map(({ value }) => value.cooked).join("…");
  if (node.type !== "BinaryExpression") return undefined;
  const [left, right] = [textOf(node.left), textOf(node.right)];
  return left === undefined || right === undefined ? undefined : left + right;
}
