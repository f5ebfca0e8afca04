/**
 * Openings and words of the dialect in which this code was first written. They are hard to read for newcomers. The
 * rules find only some of the sentences that CONTRIBUTING.md ("English") rules out.
 * @module
 */

/** @type {{name: string, pattern: RegExp, instead: string}[]} */
export const rules = [
  {
    name: "who-opens",
    pattern: /^["'(]?(Who|Whom)\b(?!.*\?$)/,
    instead: 'name the actor: "A client that …", "If you …"',
  },
  { name: "whoever", pattern: /\b(whoever|whomever|whosoever)\b/i, instead: '"anyone who", or the actor by name' },
  {
    name: "nobody",
    pattern: /\b(nobody|somebody|everybody)\b/i,
    instead: 'name the actor: "no peer", "no caller", "someone"',
  },
  { name: "of-opens", pattern: /^["'(]?Of (?!course)/, instead: "begin with the subject" },
  {
    name: "what-opens",
    pattern: /^["'(]?(What|Whatever) (?!.*\?)/,
    instead: 'a noun ("The bytes that …"), or the actor',
  },
  {
    name: "what-is-is",
    pattern:
      /\b[Ww]hat (is|are|was|were|has|comes?|came|waits?|cannot|can)\b[^.?,;:]* (is|are|was|has|goes|must|may|cannot) /,
    instead: "a noun in place of the clause",
  },
  {
    name: "bare-who",
    pattern: /\b(for|to|by|of|than|as|with|from) who\b/i,
    instead: '"anyone who", or the actor by name',
  },
  { name: "else-opens", pattern: /^["'(]?Else\b/, instead: '"Otherwise", or "Without …"' },
  { name: "else-clause", pattern: /[,;:] else\b/i, instead: '"otherwise", or "without it"' },
  {
    name: "is-none",
    pattern: /(?<!\bthere )\b(is|are|was|were|be) none\b(?! of)/i,
    instead: '"is not a …", "there is no …"',
  },
  {
    name: "not-opens",
    pattern: /^["'(]?Not (a|an|the|of|to|for|by|in|from|with|where|what)\b/,
    instead: "say what it is, with its verb",
  },
  {
    name: "only-opens",
    pattern: /^["'(]?(Only|Alone) (for|where|with|in|from|to|by|then|there|of|when|if)\b/,
    instead: 'subject first: "X happens only if …"',
  },
  { name: "to-be-had", pattern: /\bto be had\b/i, instead: '"available"' },
  { name: "mend", pattern: /\bmend(s|ed|ing)?\b/i, instead: '"fix"' },
  { name: "lest", pattern: /\blest\b/i, instead: '"so that … not"' },
  { name: "beside", pattern: /\bbeside\b/i, instead: '"next to", "with", "besides", "in addition to"' },
  {
    name: "stands-in",
    pattern: /\bstands? (in|beside|behind|there|on|under|at|before|below|above|first|where|here|with)\b/i,
    instead: '"is in", "comes after"',
  },
  { name: "bear", pattern: /\b(cannot|can) bear\b/i, instead: '"does not support"' },
  { name: "mean-harm", pattern: /\bmeans? (harm|well|us harm)\b/i, instead: '"hostile"' },
  { name: "as-ever", pattern: /\b(as ever|be it|as it is wont|or so it|in vain)\b/i, instead: "leave it out" },
  { name: "has-last-word", pattern: /\b(has|have) the last word\b/i, instead: '"decides"' },
  { name: "goes-for", pattern: /\b(goes|go) for\b(?! good)/i, instead: '"applies to", "counts as"' },
  { name: "is-over", pattern: /\bthat (is|are) over\b/i, instead: '"expired", "ended"' },
  {
    name: "archaic",
    pattern:
      /\b(whereof|thereof|wherein|therein|thereby|whereby|wherefore|hereof|hitherto|thence|whence|henceforth)\b/i,
    instead: "plain words",
  },
];
