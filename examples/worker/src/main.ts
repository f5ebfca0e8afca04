import { joinRoom } from "./room.ts";
import { element, show as firstShow } from "./view.ts";

let show = firstShow;
const room = joinRoom((update) => show(update));

element("form").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = element("text") as HTMLInputElement;
  room.say(text.value);
  text.value = "";
});
element("cut").addEventListener("click", () => room.say("/cut"));
element("leave").addEventListener("click", () => {
  room.leave();
  element("room").remove();
});

// After an edit of the view, the room stays. After an edit of another file, Vite loads the page again.
import.meta.hot?.accept("./view.ts", (next) => {
  if (next) show = next.show;
});
