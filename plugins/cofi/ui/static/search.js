// Searches that are kept: saved under a name, and forgotten.
import { Refused, write } from "./http.js";

const told = document.createElement("p");
told.className = "notice";
told.setAttribute("role", "alert");

async function done(asked) {
  try {
    await asked;
    location.reload();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    told.textContent = error.message;
    document.querySelector(".saved").after(told);
  }
}

document.querySelector(".keep")?.addEventListener("click", (event) => {
  const button = event.currentTarget;
  const form = document.createElement("form");
  form.className = "keeping";
  form.innerHTML =
    '<input name="name" required maxlength="200" placeholder="name of the search" aria-label="Name of the search">' +
    '<label><input type="checkbox" name="shared"> for everybody</label><button class="primary">Keep</button>';
  form.addEventListener("submit", (submitted) => {
    submitted.preventDefault();
    const search = JSON.parse(button.dataset.search);
    const { name, shared } = form.elements;
    done(write("/search/saved", { name: name.value, search, shared: shared.checked }));
  });
  button.replaceWith(form);
  form.elements.name.focus();
});

for (const button of document.querySelectorAll(".forget")) {
  button.addEventListener("click", () => done(write("/search/saved/" + button.dataset.search, null, { method: "DELETE" })));
}
