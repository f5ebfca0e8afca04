/** The ladder, its rungs, and values that both sides compute. */
export const ladder: string = `
/* Ladder */

.ends {
  position: sticky;
  z-index: 2;
  top: 0;
  display: flex;
  justify-content: space-between;
  padding: 0.5rem 0;
  background: var(--paper);
}

.ends p {
  padding: 0.25rem 0.75rem;
  border: 2px solid var(--client);
  border-radius: 8px;
  background: var(--sheet);
  color: var(--client);
}

.ends .server {
  border-color: var(--server);
  color: var(--server);
}

.ends span {
  color: var(--quiet);
  font-size: 0.8125rem;
}

.ladder {
  min-height: 4rem;
  margin: 0 clamp(0.5rem, 2vw, 1.5rem);
  padding: 0.5rem 0 1.5rem;
  border: solid;
  border-width: 0 2px;
  border-image: linear-gradient(to right, var(--client) 50%, var(--server) 50%) 1;
}

.ladder[data-limit]::after {
  content: attr(data-limit);
  display: block;
  padding: 0.5rem 1rem;
  color: var(--alarm);
}

.rung {
  --tone: var(--client);
  padding: 0.375rem 0;
  scroll-margin-block: 3.5rem 4.5rem;
}

.rung[aria-current] {
  background: light-dark(#eeeefb, #1b1d30);
}

.rung.server {
  --tone: var(--server);
}

.rung.alarm {
  --tone: var(--alarm);
}

.rung > p,
summary > :is(.head, .gist),
.inside {
  padding-inline: clamp(0.75rem, 3vw, 1.5rem);
}

.head {
  display: flex;
  flex-wrap: wrap;
  gap: 0.125rem 0.5rem;
  align-items: center;
}

.size {
  margin-left: auto;
  color: var(--quiet);
  font-size: 0.8125rem;
}

.gist {
  display: block;
  color: var(--quiet);
  font-size: 0.875rem;
}

.lock {
  padding: 0 0.5rem;
  border-radius: 1rem;
  background: var(--key);
  color: var(--ink);
  font-size: 0.75rem;
}

.alarm h3,
.flip h3,
.replay h3,
.cut h3 {
  color: var(--alarm);
}

summary {
  display: block;
  padding-top: 0.375rem;
  cursor: pointer;
}

summary::-webkit-details-marker {
  display: none;
}

summary > .head h3::after,
.aside summary::after {
  content: "";
  display: inline-block;
  width: 0.4rem;
  height: 0.4rem;
  margin: 0 0.125rem 0.15rem 0.5rem;
  border: solid var(--quiet);
  border-width: 0 2px 2px 0;
  transform: rotate(45deg);
}

details[open] > summary > .head h3::after,
.aside[open] summary::after {
  margin-bottom: -0.05rem;
  transform: rotate(225deg);
}

summary:hover h3 {
  text-decoration: underline;
  text-underline-offset: 0.2em;
}
/* The arrow goes from lifeline to lifeline, with its head at the receiver. */
.arrow {
  position: relative;
  display: block;
  height: 2px;
  margin: 0.5rem 0.25rem 0.25rem;
  background: var(--tone);
  transform-origin: left;
}

.arrow::after {
  content: "";
  position: absolute;
  top: -5px;
  right: -2px;
  border: 6px solid transparent;
  border-right-width: 0;
  border-left: 10px solid var(--tone);
}

.server .arrow {
  transform-origin: right;
}

.server .arrow::after {
  right: auto;
  left: -2px;
  border-width: 6px 10px 6px 0;
  border-color: transparent var(--tone) transparent transparent;
}

.inside {
  display: grid;
  gap: 0.75rem;
  padding-block: 0.5rem 0.75rem;
}

.inside > p,
.card > p {
  max-width: 44rem;
  text-wrap: pretty;
}

h4 {
  margin-bottom: -0.5rem;
  font-size: 0.875rem;
}

.preview .badge {
  border-style: dashed;
  background: none;
  color: var(--both);
}

.preview .arrow {
  background: repeating-linear-gradient(to right, var(--tone) 0 6px, transparent 6px 12px);
}

.preview.both {
  margin: 0.5rem clamp(0.25rem, 2vw, 1rem);
  padding: 0.625rem 0;
  border: 2px dashed var(--line);
  border-radius: var(--radius);
}

/* Values that both sides compute, and changes on the path */

.card {
  display: grid;
  gap: 0.5rem;
  margin: 0.375rem clamp(0.25rem, 2vw, 1rem);
  padding: 0.75rem clamp(0.5rem, 2vw, 1rem);
  border: 1px solid var(--line);
  border-radius: var(--radius);
  background: var(--sheet);
  font-size: 0.9375rem;
}

.formula {
  padding-left: 1.5rem;
  line-height: 1.9;
  text-indent: -1.5rem;
  overflow-wrap: anywhere;
}

.aside summary {
  display: inline-block;
  color: var(--quiet);
  font-size: 0.875rem;
  text-decoration: underline;
  text-underline-offset: 0.2em;
}

.aside > :not(summary) {
  margin-top: 0.5rem;
}

.rung.derived {
  margin: 0.375rem clamp(0.25rem, 2vw, 1rem);
  padding: 0.25rem 0;
  border: 1px solid var(--line);
  border-radius: var(--radius);
  background: var(--sheet);
}

.rung.derived[aria-current] {
  border-color: var(--both);
}

.gist .formula {
  padding: 0;
  text-indent: 0;
}

.rung.derived .gist {
  color: var(--ink);
}

.flip .card,
.replay .card,
.cut .card {
  border: 2px dashed var(--alarm);
  background: var(--alarm-sheet);
}

del {
  color: var(--alarm);
}

ins {
  padding: 0 0.25em;
  border-radius: 3px;
  background: var(--alarm);
  color: var(--paper);
  font-weight: 700;
  text-decoration: none;
}
`;
