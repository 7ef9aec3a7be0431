// Small conveniences of every page. Each works without this file too, only less comfortably.
(() => {
  // "/" reaches the search box from anywhere but a field.
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, textarea, select, [contenteditable]")) return;
    const box = document.getElementById("search-query");
    if (!box) return;
    event.preventDefault();
    box.focus();
    box.select();
  });

  // Hits appear under the search box while one types: arrows move among them, Escape closes them.
  const found = document.getElementById("found");
  const searchBox = document.getElementById("search-query");
  found?.parentElement.addEventListener("keydown", (event) => {
    const links = [...found.querySelectorAll("a")];
    const here = links.indexOf(document.activeElement);
    if (event.key === "Escape" && found.firstChild) {
      found.replaceChildren();
      searchBox.focus();
    } else if (event.key === "ArrowDown" && links.length) {
      links[Math.min(here + 1, links.length - 1)].focus();
    } else if (event.key === "ArrowUp" && here >= 0) {
      (here ? links[here - 1] : searchBox).focus();
    } else return;
    event.preventDefault();
  });
  found?.parentElement.addEventListener("focusout", (event) => {
    if (!event.currentTarget.contains(event.relatedTarget)) setTimeout(() => found.replaceChildren(), 150);
  });
  found?.addEventListener("htmx:afterSwap", () => {
    const count = found.querySelectorAll("a").length;
    const note = found.querySelector(".found-note")?.textContent.trim() ?? "";
    announce(count ? `${count}. ${note}` : note);
  });

  // A number is copied by a click on it; the announcement is read aloud.
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      announce(document.body.dataset.copied);
    } catch { /* the browser refused: the number can still be marked by hand */ }
  });

  // One press is one act: a form is sent once, and says that it is on its way.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.dataset.sent) { event.preventDefault(); return; }
    if (form.method !== "post" || form.hasAttribute("hx-post")) return;
    form.dataset.sent = "1";
    window.addEventListener("pageshow", () => delete form.dataset.sent, { once: true });
  });

  // What is being pressed stays where it is: a click on what moves meanwhile is lost. A part that asks by itself
  // asks again; what a form asked for is asked once, and is shown.
  document.body.addEventListener("htmx:beforeSwap", (event) => {
    const { requestConfig, target } = event.detail;
    if (!requestConfig.elt.matches("form") && target?.querySelector(":active")) event.detail.shouldSwap = false;
  });

  // A scanned login goes on by itself when the card has signed; without a script one presses the button.
  document.body.addEventListener("htmx:afterSwap", () => {
    document.querySelector("[data-finish]")?.form.requestSubmit();
  });

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-print]")) window.print();
  });

  // One tick chooses every row of the form.
  document.addEventListener("change", (event) => {
    if (!event.target.matches("[data-all-rows]")) return;
    for (const row of event.target.form.querySelectorAll("[name=row]")) row.checked = event.target.checked;
  });

  // The page that lists what is wrong is read from the top; a danger page starts at the harmless button.
  const first = document.querySelector("[data-focus]");
  first?.focus({ preventScroll: !first.matches("[role=alert]") });

  function announce(text) {
    const region = document.getElementById("announcements");
    if (region && text) { region.textContent = ""; setTimeout(() => { region.textContent = text; }, 50); }
  }

  // The person is warned before being logged out and can stay (WCAG 2.2.1).
  const dialog = document.getElementById("timeout");
  if (!dialog) return;
  const warnBefore = 120_000;
  const left = dialog.querySelector("[data-left]");
  let endsAt = Date.now() + 1000 * Number(dialog.dataset.idleSeconds);
  const hardEnd = Date.now() + 1000 * Number(dialog.dataset.absoluteSeconds);
  setInterval(() => {
    const end = Math.min(endsAt, hardEnd);
    const remaining = end - Date.now();
    if (remaining <= 0) { window.location.reload(); return; }
    if (remaining > warnBefore) return;
    const minutes = Math.ceil(remaining / 60_000);
    if (left.textContent !== String(minutes)) left.textContent = String(minutes);
    if (!dialog.open) dialog.showModal();
  }, 1000);
  dialog.querySelector("form").addEventListener("submit", async (event) => {
    if (event.submitter?.hasAttribute("data-leave")) return;
    event.preventDefault();
    delete event.target.dataset.sent;
    const answer = await fetch(event.target.action, { method: "POST", body: new FormData(event.target) });
    if (!answer.ok || answer.redirected) { window.location.reload(); return; }
    endsAt = Date.now() + 1000 * Number(dialog.dataset.idleSeconds);
    dialog.close();
  });
  document.body.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.requestConfig?.verb === "post") endsAt = Date.now() + 1000 * Number(dialog.dataset.idleSeconds);
  });
})();
