// Keys of a page. Nobody who types gets in their way, and the browser's own shortcuts stay.

const TYPES = "input:not([type=range]):not([type=checkbox]):not([type=radio]), textarea, select";
const ACTS = "button, a, summary, input";

export const onKeys = (handlers, signal) => {
  document.addEventListener(
    "keydown",
    (event) => {
      // What is open above the page has its own keys.
      if (document.querySelector("dialog[open]")) return;
      if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest?.(TYPES)) return;
      // Space and Enter act on what has the focus.
      if ((event.key === " " || event.key === "Enter") && event.target.closest?.(ACTS)) return;
      const handler = handlers[event.key];
      if (!handler) return;
      event.preventDefault();
      handler(event);
    },
    { signal },
  );
};

export const playerKeys = (player) => ({
  " ": () => player().toggle(),
  j: () => player().move(-5000),
  l: () => player().move(5000),
  "[": () => player().step(-1),
  "]": () => player().step(1),
});

// In a frame, keys arrive only once the frame has the focus.
export const takeFocus = () => window.focus();
