// Searches that are kept: saved under a name, and forgotten.
const prefix = document.body.dataset.prefix;
const said = document.getElementById("said");

async function write(method, path, body) {
  const answer = await fetch(prefix + path, {
    method,
    headers: { "X-Cofi": "1", Accept: "application/json", "Content-Type": "application/json" },
    body: body && JSON.stringify(body),
  });
  if (answer.ok) return location.reload();
  const told = await answer.json().catch(() => ({}));
  said.textContent = told.detail || "That did not work: the server answered " + answer.status;
  said.classList.add("shown");
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
    write("POST", "/search/saved", { name: form.elements.name.value, search, shared: form.elements.shared.checked });
  });
  button.replaceWith(form);
  form.elements.name.focus();
});

for (const button of document.querySelectorAll(".forget")) {
  button.addEventListener("click", () => write("DELETE", "/search/saved/" + button.dataset.search));
}
