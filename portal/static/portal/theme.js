// Chooses light or dark before the first paint: what the person picked, else what the system says.
(() => {
  const root = document.documentElement;
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  const stored = () => { try { return localStorage.getItem("sigill-theme"); } catch { return null; } };
  const apply = () => {
    const theme = stored() ?? (system.matches ? "dark" : "light");
    root.dataset.bsTheme = theme;
    root.dataset.themeNow = theme;
  };
  apply();
  system.addEventListener("change", apply);
  window.addEventListener("storage", apply);
  document.addEventListener("click", (event) => {
    if (!event.target.closest?.("[data-switch-theme]")) return;
    try { localStorage.setItem("sigill-theme", root.dataset.bsTheme === "dark" ? "light" : "dark"); } catch { return; }
    apply();
  });
})();
