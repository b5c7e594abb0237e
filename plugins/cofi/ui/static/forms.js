// Forms that write: sent with our header, and what is wrong is said where it was entered.
// `data-many` names the fields that are lists, `data-then` what of the answer leads to which page: below the path that
// was written to, or behind `data-to`.

import { prefix, write } from "./http.js";

const fields = (form) => {
  const data = new FormData(form);
  const many = (form.dataset.many ?? "").split(" ").filter(Boolean);
  return { ...Object.fromEntries(data), ...Object.fromEntries(many.map((name) => [name, data.getAll(name)])) };
};

document.addEventListener("submit", async (event) => {
  const form = event.target.closest("form[data-post]");
  if (!form) return;
  event.preventDefault();
  const [told, button] = [form.querySelector(".said"), form.querySelector("button")];
  button.disabled = true;
  try {
    const told = await (await write(form.dataset.post, fields(form))).json();
    if (form.dataset.then) location.assign(`${prefix}${form.dataset.to ?? `${form.dataset.post}/`}${told[form.dataset.then]}`);
    else location.reload();
  } catch (error) {
    told.textContent = error.message;
    told.hidden = false;
    button.disabled = false;
  }
});
