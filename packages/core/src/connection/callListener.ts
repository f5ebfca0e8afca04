/** A listener that throws must end neither the connection nor the process: its error is printed where people look. */
export function callListener(listener: () => void): void {
  try {
    listener();
  } catch (error) {
    console.error("handclasp: a listener of the application threw:", error);
  }
}
