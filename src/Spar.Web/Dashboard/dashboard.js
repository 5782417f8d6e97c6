// Theme and live refresh. Every page works without it.
"use strict";
(() => {
  const root = document.documentElement;
  const themes = ["system", "light", "dark"];
  let theme = "system";
  try { theme = localStorage.getItem("spar-theme") ?? "system"; } catch { /* no storage: the system's theme */ }
  const wear = () => { if (theme === "system") delete root.dataset.theme; else root.dataset.theme = theme; };
  wear();

  // Puts what has changed in the place of what was there, keeping what is opened, focused and scrolled.
  const replace = (old, fresh) => {
    if (old.outerHTML === fresh.outerHTML) return;
    const open = new Map([...old.querySelectorAll("details")].map((d, i) => [d.querySelector("summary")?.textContent ?? i, d.open]));
    fresh.querySelectorAll("details").forEach((d, i) => {
      const was = open.get(d.querySelector("summary")?.textContent ?? i);
      if (was !== undefined) d.open = was;
    });
    const focused = old.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
    const scrolled = [...old.querySelectorAll(".scroll")].map(s => s.scrollLeft);
    old.replaceWith(fresh);
    fresh.querySelectorAll(".scroll").forEach((s, i) => { s.scrollLeft = scrolled[i] ?? 0; });
    if (focused) [...fresh.querySelectorAll("a")].find(a => a.getAttribute("href") === focused)?.focus({ preventScroll: true });
  };

  let asking = false;
  const refresh = async () => {
    if (asking || document.hidden) return;
    asking = true;
    try {
      const answer = await fetch(location.href);
      if (!answer.ok) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      document.body.dataset.version = page.body.dataset.version ?? "";
      for (const old of document.querySelectorAll("[data-live]")) {
        const fresh = page.getElementById(old.id);
        if (fresh) replace(old, document.importNode(fresh, true));
      }
    } catch { /* the server is gone; what is shown stays */ } finally { asking = false; }
  };

  addEventListener("DOMContentLoaded", () => {
    const button = document.getElementById("theme");
    const label = () => { button.textContent = `Theme: ${theme}`; };
    label();
    button.hidden = false;
    button.addEventListener("click", () => {
      theme = themes[(themes.indexOf(theme) + 1) % themes.length];
      try { localStorage.setItem("spar-theme", theme); } catch { /* kept for this page alone */ }
      wear();
      label();
    });

    // A wide tree shows its way to the best response.
    for (const drawing of document.querySelectorAll(".tree-drawing")) {
      const places = [...drawing.querySelectorAll(".node.best")].map(box => +box.getAttribute("x") + 32);
      if (places.length) drawing.parentElement.scrollLeft = (Math.min(...places) + Math.max(...places) - drawing.parentElement.clientWidth) / 2;
    }

    // Forms leave out what is not asked for, so that addresses stay short.
    for (const form of document.querySelectorAll("form.filters"))
      form.addEventListener("submit", () => { for (const field of form.elements) if (!field.value) field.disabled = true; });

    const live = document.getElementById("live");
    const source = document.body.dataset.events;
    if (!document.querySelector("[data-live]")) return;
    let paused = false;
    let events = null;
    const listen = () => {
      if (!source) return;
      events = new EventSource(source);
      events.onmessage = message => { if (message.data !== document.body.dataset.version) refresh(); };
    };
    listen();
    const timer = source ? 0 : setInterval(() => { if (!paused) refresh(); }, 5000);
    if (live) {
      live.hidden = false;
      live.addEventListener("click", () => {
        paused = !paused;
        live.textContent = paused ? "Go on" : "Pause";
        if (paused) events?.close(); else listen();
      });
    }
    document.addEventListener("visibilitychange", () => { if (!document.hidden && !paused) refresh(); });
    addEventListener("pagehide", () => { events?.close(); clearInterval(timer); });
  });
})();
