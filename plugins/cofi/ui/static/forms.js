// Forms that write: sent with our header, and what is wrong is said where it was entered.

import { write } from "./http.js";

document.addEventListener("submit", async (event) => {
  const form = event.target.closest("form[data-post]");
  if (!form) return;
  event.preventDefault();
  const [told, button] = [form.querySelector(".said"), form.querySelector("button")];
  button.disabled = true;
  try {
    await write(form.dataset.post, Object.fromEntries(new FormData(form)));
    location.reload();
  } catch (error) {
    told.textContent = error.message;
    told.hidden = false;
    button.disabled = false;
  }
});
