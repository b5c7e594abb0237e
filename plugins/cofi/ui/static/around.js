// Airflow's own pages open around this one, not within it: a link there is followed by the page around.
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-airflow]");
  if (!link || window.parent === window) return;
  event.preventDefault();
  const outer = window.parent.document;
  const same = Object.assign(outer.createElement("a"), { href: link.href });
  outer.body.append(same);
  same.click();
  same.remove();
});
