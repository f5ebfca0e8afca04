/**
 * The language of the page: index.html is in English, ko.html in Korean.
 * @module
 */
export interface Text {
  readonly en: string;
  readonly ko: string;
}

/** Returns the text in the page's language. */
export const say = (text: Text): string => (document.documentElement.lang === "ko" ? text.ko : text.en);
