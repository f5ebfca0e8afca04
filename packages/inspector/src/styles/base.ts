/** Colours, elements, the seven steps and the walk. */
export const base: string = `
:host {
  color-scheme: light dark;
  --paper: light-dark(#f7f6f2, #14151b);
  --sheet: light-dark(#ffffff, #1d1f28);
  --ink: light-dark(#1d1e26, #ecebf1);
  --quiet: light-dark(#5d5f6d, #a5a7b8);
  --line: light-dark(#dcdae3, #363947);
  --client: light-dark(#1f5fc4, #7fb2ff);
  --server: light-dark(#a02a80, #f0a7d8);
  --both: light-dark(#4a4b9c, #b3b4fb);
  --alarm: light-dark(#b3261e, #ff9a90);
  --alarm-sheet: light-dark(#fdeceb, #3a1d1d);
  --good: light-dark(#1b7443, #7bdba2);
  --random-client: light-dark(#d9e7ff, #1d3760);
  --random-server: light-dark(#fadcf1, #571f48);
  --premaster: light-dark(#ffe8bf, #563b0c);
  --master: light-dark(#ffd9cf, #64281a);
  --key: light-dark(#d5f2dd, #1a4b2d);
  --mono: ui-monospace, "SF Mono", "Cascadia Code", Menlo, Consolas, "DejaVu Sans Mono", monospace;
  --radius: 10px;

  display: block;
  color: var(--ink);
  font:
    1rem / 1.5 system-ui,
    sans-serif;
}

* {
  box-sizing: border-box;
}

h3,
h4,
p,
ol,
ul,
dl,
dd,
figure {
  margin: 0;
  padding: 0;
}

ol,
ul {
  list-style: none;
}

h3,
h4 {
  font-size: inherit;
}

code,
.formula {
  font-family: var(--mono);
  font-size: 0.8125rem;
}

small,
.quiet {
  color: var(--quiet);
  font-size: 0.8125rem;
  font-weight: normal;
}

.unseen {
  position: absolute;
  width: 1px;
  height: 1px;
  overflow: hidden;
  clip-path: inset(50%);
  white-space: nowrap;
}

:focus-visible {
  outline: 3px solid var(--both);
  outline-offset: 2px;
}

button {
  min-height: 2.75rem;
  padding: 0 1rem;
  border: 1px solid light-dark(#8b8d9c, #6b6e80);
  border-radius: 8px;
  background: var(--sheet);
  color: inherit;
  font: inherit;
  cursor: pointer;
}

button:disabled {
  color: var(--quiet);
  border-color: var(--line);
  cursor: default;
}

/* The seven steps, in one line: numbers on a phone, names where there is room. */

.steps {
  display: flex;
  flex-wrap: wrap;
  gap: 0.25rem;
  justify-content: space-between;
  margin-bottom: 0.25rem;
}

.steps button {
  display: flex;
  gap: 0.35rem;
  align-items: center;
  min-width: 2rem;
  min-height: 2rem;
  padding: 0.125rem;
  border: 0;
  background: none;
  font-size: 0.8125rem;
}

.steps span {
  position: absolute;
  width: 1px;
  height: 1px;
  overflow: hidden;
  clip-path: inset(50%);
}

.steps i,
.badge {
  display: inline-grid;
  flex: none;
  place-content: center;
  width: 1.625rem;
  height: 1.625rem;
  border: 1px solid var(--both);
  border-radius: 50%;
  background: var(--both);
  color: var(--paper);
  font-size: 0.8125rem;
  font-style: normal;
  font-weight: 650;
}

.steps :disabled i {
  border-color: var(--quiet);
  background: none;
  color: var(--quiet);
}

.steps :enabled span {
  text-decoration: underline;
  text-underline-offset: 0.2em;
}

/* Back and Next */

.walk {
  position: sticky;
  z-index: 3;
  bottom: 0;
  display: flex;
  gap: 0.5rem;
  align-items: center;
  justify-content: space-between;
  padding: 0.5rem 0;
  border-top: 1px solid var(--line);
  background: var(--paper);
}

.walk[hidden] {
  display: none;
}

.where {
  min-width: 0;
  overflow: hidden;
  font-size: 0.875rem;
  text-align: center;
  text-overflow: ellipsis;
  white-space: nowrap;
}

[data-testid="next"]:enabled {
  border-color: transparent;
  background: light-dark(#22306b, #b3c0ff);
  color: light-dark(#ffffff, #12183a);
  font-weight: 650;
}

@media (min-width: 60rem) {
  .steps span {
    position: static;
    width: auto;
    height: auto;
    clip-path: none;
  }
}
`;
