// A run that is on: the page takes what the server says of it now, until the report is there.

const told = document.getElementById("fresh");
const words = told.textContent;

const look = async () => {
  const response = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const now = page.getElementById("live");
  if (!now) return location.reload();
  document.title = page.title;
  document.getElementById("live").replaceWith(now);
};

const next = async () => {
  try {
    // Nobody looks at a page in the background.
    if (!document.hidden) await look();
    told.textContent = words;
  } catch (error) {
    told.textContent = `Not fresh: ${error.message}. Tries again.`;
  }
  setTimeout(next, 1000 * document.getElementById("live").dataset.everyS);
};
setTimeout(next, 1000 * document.getElementById("live").dataset.everyS);
