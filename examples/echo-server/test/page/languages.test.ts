import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

const read = (name: string): string => readFileSync(new URL(`../../public/${name}`, import.meta.url), "utf8");

/** The elements with the attributes that no translation changes. */
const structure = (html: string): string[] =>
  (html.match(/<[a-z][^>]*>/g) ?? []).map((tag) =>
    tag
      .replace(/\s+/g, " ")
      .replace(/ (lang|hreflang|href|content|aria-label|value)="[^"]*"/g, (attribute) =>
        /value="[a-z_]*"/.test(attribute) ? attribute : "",
      ),
  );

test("ko.html has the same elements as index.html", () => {
  expect(structure(read("ko.html"))).toEqual(structure(read("index.html")));
});

test("every text of ko.html is in Korean, except names", () => {
  const texts = read("ko.html")
    .replace(/<head>[\s\S]*?<\/head>/, "")
    .split(/<[^>]*>/)
    .map((text) => text.trim())
    .filter((text) => /[a-z]{3}/.test(text) && !/[가-힣]/.test(text));
  expect(texts).toEqual(["Handclasp", "English", "trace: { secrets: true }"]);
});
