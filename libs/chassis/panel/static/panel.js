"use strict";
// Refetches the overview's moving part every two seconds. Without this script the page is reloaded by its own link.
(() => {
  const REFRESH_MS = 2000;
  const live = document.getElementById("live");
  const pause = document.getElementById("pause");
  const freshness = document.getElementById("freshness");
  if (!live || !pause || !freshness) return;

  const policy = window.trustedTypes
    ? window.trustedTypes.createPolicy("iok-panel", { createHTML: (page) => page })
    : { createHTML: (page) => page };
  let paused = false;
  let lastPage = "";
  let timer = 0;

  function show(page) {
    if (page === lastPage) return;
    lastPage = page;
    const open = [...live.querySelectorAll("details[open]")].map((details) => details.id);
    const focused = live.contains(document.activeElement) ? focusable(document.activeElement) : null;
    live.innerHTML = policy.createHTML(page);
    for (const id of open) document.getElementById(id)?.setAttribute("open", "");
    if (focused) refocus(focused);
  }

  // A summary or pre has no id of its own: it is found again by its details.
  function focusable(element) {
    const holder = element.id ? element : element.closest("details[id]");
    return holder ? { id: holder.id, tag: element.id ? "" : element.tagName.toLowerCase() } : null;
  }

  function refocus(focused) {
    const holder = document.getElementById(focused.id);
    const target = holder && focused.tag ? holder.querySelector(focused.tag) : holder;
    target?.focus({ preventScroll: true });
  }

  async function refresh() {
    try {
      const answer = await fetch(live.dataset.source, { headers: { Accept: "text/html" }, cache: "no-store" });
      if (answer.status === 401) {
        window.location.assign("/panel/sign-in");
        return;
      }
      if (!answer.ok) throw new Error(String(answer.status));
      show(await answer.text());
      freshness.textContent = "";
    } catch {
      freshness.textContent = "Usługa nie odpowiada. Widać ostatnie odczytane dane.";
    }
    plan();
  }

  function plan() {
    window.clearTimeout(timer);
    if (!paused && !document.hidden) timer = window.setTimeout(refresh, REFRESH_MS);
  }

  pause.hidden = false;
  pause.addEventListener("click", () => {
    paused = !paused;
    pause.textContent = paused ? "Wznów odświeżanie" : "Wstrzymaj odświeżanie";
    plan();
  });
  document.addEventListener("visibilitychange", plan);
  plan();
})();
