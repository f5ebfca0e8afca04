/**
 * Texts in every language of the inspector. The versions of a text are next to each other, so that an editor sees both
 * at once, and a test compares them.
 * @module
 */

/** The languages of the inspector, by their tags (RFC 5646). */
export const languages = ["en", "ko"] as const;
export type Language = (typeof languages)[number];

/** One text in every language. */
export type Text = { readonly [L in Language]: string };

/** Returns the text in the language of the reader. */
export type Say = (text: Text) => string;

export const sayIn =
  (language: Language): Say =>
  (text) =>
    text[language];

/** Returns the language of a tag such as `ko-KR`. Default: English. */
export const languageOf = (tag: string): Language =>
  languages.find((language) => new RegExp(`^${language}(-|$)`, "i").test(tag)) ?? "en";
