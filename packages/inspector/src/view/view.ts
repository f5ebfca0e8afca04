import type { Story } from "../story.ts";
import type { Say } from "../text.ts";

/** The things that every part of the view needs: the events so far, and the language. */
export interface View {
  readonly story: Story;
  readonly say: Say;
}
