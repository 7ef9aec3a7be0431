// Keeps the page as it is on the desk: waits for changes, renews the regions that differ, nothing else.
"use strict";

const status = document.getElementById("status");
let version = document.body.dataset.version;

function renew(fresh) {
  if (fresh.querySelector("[data-leave]")) {
    location.reload(); // the page itself knows the way back
    return;
  }
  for (const region of document.querySelectorAll("[data-region]")) {
    const other = fresh.querySelector(`[data-region="${region.dataset.region}"]`);
    if (!other || other.dataset.key === region.dataset.key) continue;
    const typed = remember(region);
    const hadFocus = region.contains(document.activeElement) ? document.activeElement : null;
    const there = new Set(Array.from(region.querySelectorAll("[data-card]"), (card) => card.dataset.card));
    region.replaceWith(document.adoptNode(other));
    const now = document.querySelector(`[data-region="${region.dataset.region}"]`);
    restore(now, typed);
    prepare(now);
    for (const card of now.querySelectorAll("[data-card]")) {
      if (!there.has(card.dataset.card)) card.classList.add("arrives");
    }
    const isTask = now.dataset.region === "task";
    if (hadFocus || (isTask && document.activeElement === document.body)) focusIn(now, hadFocus);
  }
  const sentence = fresh.getElementById("status");
  if (sentence && sentence.textContent !== status.textContent) status.textContent = sentence.textContent;
  document.title = fresh.title;
}

// What is being typed survives a card that comes or goes, as long as the same question is asked.
function remember(region) {
  const values = new Map();
  const form = region.querySelector("form.answer");
  if (!form) return values;
  for (const field of form.querySelectorAll("input:not([type=hidden])")) {
    values.set(`${form.action} ${field.name} ${field.type === "radio" ? field.value : ""}`,
      { text: field.value, checked: field.checked });
  }
  return values;
}

function restore(region, values) {
  const form = region.querySelector("form.answer");
  if (!form || region.querySelector("#note")) return;
  for (const field of form.querySelectorAll("input:not([type=hidden])")) {
    const old = values.get(`${form.action} ${field.name} ${field.type === "radio" ? field.value : ""}`);
    if (!old) continue;
    if (field.type === "radio" || field.type === "checkbox") field.checked = old.checked;
    else field.value = old.text;
  }
}

function focusIn(region, before) {
  const same = before && before.id ? region.querySelector(`#${CSS.escape(before.id)}`) : null;
  const target = same || region.querySelector("[autofocus]") || document.getElementById("task");
  if (target) target.focus({ preventScroll: true });
}

function prepare(root) {
  for (const keypad of root.querySelectorAll(".keypad")) keypad.hidden = false;
}

let field = null;
document.addEventListener("focusin", (event) => {
  if (event.target.matches(".answer input[type=password]")) field = event.target;
});
document.addEventListener("mousedown", (event) => {
  if (event.target.closest(".keypad")) event.preventDefault(); // the field keeps the focus
});
document.addEventListener("click", (event) => {
  const key = event.target.closest(".keypad button");
  if (!key) return;
  const form = key.form;
  const target = field && form.contains(field) ? field : form.querySelector("input[type=password]");
  if (key.dataset.digit && target.value.length < target.maxLength) target.value += key.dataset.digit;
  if (key.dataset.keyBack) target.value = target.value.slice(0, -1);
  if (key.dataset.keyClear) target.value = "";
  target.focus();
});
document.addEventListener("submit", (event) => {
  if (event.target.querySelector("button[type=submit][aria-disabled=true]")) {
    event.preventDefault(); // a second click would spend a second try of the code
    return;
  }
  for (const button of event.target.querySelectorAll("button[type=submit]")) {
    if (button.name) continue; // its value is part of the form
    button.setAttribute("aria-disabled", "true");
  }
});

async function watch() {
  for (;;) {
    try {
      const answer = await fetch(`/changes?since=${version}`, { cache: "no-store" });
      const now = String((await answer.json()).version);
      if (now === version) continue;
      version = now;
      const content = await (await fetch(location.pathname, { cache: "no-store" })).text();
      renew(new DOMParser().parseFromString(content, "text/html"));
    } catch {
      await new Promise((done) => setTimeout(done, 1000)); // the client is being started again
    }
  }
}

prepare(document);
watch();
