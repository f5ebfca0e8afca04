/** Bytes, fields, application data and failures. */
export const details: string = `
/* Bytes and fields */

.hex {
  font-size: 0.75rem;
  overflow-wrap: anywhere;
}

.gist .hex,
.gist .chosen {
  display: block;
  color: var(--ink);
}

.gist .chosen {
  font-family: var(--mono);
  font-size: 0.8125rem;
  overflow-wrap: anywhere;
}

mark {
  padding: 0.1em 0.25em;
  border-radius: 4px;
  background: var(--key);
  color: inherit;
  box-decoration-break: clone;
  -webkit-box-decoration-break: clone;
}

mark[data-value="client random"] {
  background: var(--random-client);
}

mark[data-value="server random"] {
  background: var(--random-server);
}

mark[data-value="premaster secret"] {
  background: var(--premaster);
}

mark[data-value="master secret"] {
  background: var(--master);
}

.fields,
.keys {
  display: grid;
  gap: 0.375rem;
  min-width: 0;
}

dt {
  color: var(--quiet);
  font-size: 0.8125rem;
  line-height: 1.55;
  overflow-wrap: anywhere;
}

dd {
  min-width: 0;
}

dd code {
  overflow-wrap: anywhere;
}

.items > li + li {
  margin-top: 0.25rem;
}

.items > li:has(.fields) {
  padding-left: 0.625rem;
  border-left: 2px solid var(--line);
}

.keys {
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 17rem), 1fr));
}

.record {
  padding: 0.75rem;
  border: 1px solid var(--line);
  border-radius: var(--radius);
  background: var(--sheet);
}

figcaption {
  margin-bottom: 0.5rem;
  font-size: 0.875rem;
  font-weight: 600;
}

.stretches {
  display: flex;
  flex-wrap: wrap;
  gap: 0.5rem 0.75rem;
}

.stretch {
  padding-top: 0.25rem;
  border-top: 3px solid var(--line);
}

.stretch.header {
  border-color: var(--both);
}

.stretch.neighbour {
  color: var(--quiet);
}

.stretch.sealed {
  border-color: var(--good);
}

.stretch small {
  display: block;
}

/* Every byte, labelled */

.labelled {
  padding: 0.25rem;
  font-family: var(--mono);
  line-height: 1.8;
}

.labelled > span {
  padding: 0.1em 0.15em;
  border-bottom: 2px solid var(--line);
  border-radius: 3px;
  cursor: pointer;
}

.labelled > span:nth-child(even) {
  border-color: var(--both);
}

.labelled > [aria-selected="true"] {
  background: var(--both);
  color: var(--paper);
}

.label {
  min-height: 4.75lh;
  font-size: 0.875rem;
  overflow-wrap: anywhere;
}

.label .value,
.label .meaning {
  display: block;
}

/* Certificates: each box was signed by the one below it. */

.chain > li:has(dl) {
  padding: 0.75rem;
  border: 1px solid var(--line);
  border-radius: var(--radius);
  background: var(--sheet);
}

.chain > li + li::before {
  content: "↑";
  display: block;
  color: var(--server);
  text-align: center;
}

.refused {
  padding: 0.5rem clamp(0.75rem, 3vw, 1.5rem);
  color: var(--alarm);
  overflow-wrap: anywhere;
}

/* Recordings */

.tools {
  margin: 1rem 0;
}

.buttons {
  display: flex;
  flex-wrap: wrap;
  gap: 0.5rem;
  align-items: center;
}

.buttons input {
  max-width: 100%;
  font: inherit;
}

/* The textbook and today */

.contrast {
  display: grid;
  gap: 0.75rem;
  padding: 0.75rem;
  border-left: 3px solid var(--both);
  background: light-dark(#fffaf0, #241f16);
  font-size: 0.9375rem;
}

.contrast strong {
  display: block;
  font-size: 0.8125rem;
}

/* Protection of records */

.inside > *,
.protection > * {
  min-width: 0;
}

.protection {
  display: grid;
  gap: 0.75rem;
  min-width: 0;
}

.numbered {
  padding-left: 1.5rem;
  list-style: decimal;
}

pre {
  max-width: 100%;
  margin: 0;
  padding: 0.5rem;
  overflow-wrap: anywhere;
  white-space: pre-wrap;
  border: 1px solid var(--line);
  border-radius: 6px;
  background: var(--paper);
}

/* Application data */

.pair {
  display: grid;
  gap: 0.5rem 1.5rem;
  margin-top: 0.25rem;
  color: var(--ink);
}

.pair > span {
  min-width: 0;
}

.pair small {
  display: block;
}

q {
  font-weight: 600;
  overflow-wrap: anywhere;
  quotes: "“" "”";
}

/* Failure */

.failure {
  display: grid;
  gap: 0.625rem;
  margin-bottom: 1rem;
  padding: 1rem;
  border: 2px solid var(--alarm);
  border-radius: var(--radius);
  background: var(--alarm-sheet);
}

.failure h3 {
  color: var(--alarm);
  font-size: 1.125rem;
}

.failure dl {
  display: flex;
  flex-wrap: wrap;
  gap: 0.375rem 1.5rem;
}

.failure dd {
  font-weight: 600;
}

@media (min-width: 36rem) {
  .fields > div {
    display: grid;
    grid-template-columns: minmax(6rem, 10rem) minmax(0, 1fr);
    gap: 0.25rem 0.75rem;
  }

  .fields .fields > div {
    grid-template-columns: minmax(4rem, 11rem) minmax(0, 1fr);
  }

  .contrast {
    grid-template-columns: 1fr 1fr;
  }

  .contrast .why {
    grid-column: 1 / -1;
  }

  .pair {
    grid-template-columns: minmax(0, 2fr) minmax(0, 3fr);
  }
}

@media (prefers-reduced-motion: no-preference) {
  .rung:not(.preview) {
    animation: appear 240ms var(--delay, 0ms) backwards;
  }

  .rung:not(.preview) .arrow {
    animation: draw 420ms var(--delay, 0ms) backwards ease-out;
  }

  @keyframes appear {
    from {
      opacity: 0;
    }
  }

  @keyframes draw {
    from {
      transform: scaleX(0);
    }
  }
}
`;
