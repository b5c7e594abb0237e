// Before anything is drawn: the theme that Airflow around this page has, else the one that its user chose there,
// else the system's. Airflow marks its root element with the class "dark" or "light".
(() => {
  const root = document.documentElement;
  const around = () => {
    try {
      return window.parent === window ? null : window.parent.document.documentElement;
    } catch {
      return null; // another site's page around this one: it may not be looked at
    }
  };
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  const chosen = () => {
    const frame = around();
    if (frame?.classList.contains("dark")) return "dark";
    if (frame?.classList.contains("light")) return "light";
    const kept = localStorage.getItem("theme");
    return kept === "dark" || kept === "light" ? kept : system.matches ? "dark" : "light";
  };
  const apply = () => root.setAttribute("data-theme", chosen());
  apply();
  system.addEventListener("change", apply);
  window.addEventListener("storage", apply);
  const frame = around();
  if (frame) new MutationObserver(apply).observe(frame, { attributes: true, attributeFilter: ["class"] });
})();
