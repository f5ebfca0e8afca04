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
