"use strict";
// What every page has: the choice of light or dark, and definitions that open where they are asked for.
(() => {
  const root = document.documentElement;
  const button = document.getElementById("theme");
  const system = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ?? (system.matches ? "dark" : "light")) === "dark";
  const show = () => {
    button.textContent = isDark() ? "Light" : "Dark";
    button.setAttribute("aria-label", isDark() ? "Use light colours" : "Use dark colours");
  };
  // A page opened from a file may have no storage.
  const stored = (value) => {
    try {
      if (value) localStorage.setItem("mechshift-theme", value);
      return localStorage.getItem("mechshift-theme");
    } catch {
      return null;
    }
  };
  const before = stored();
  if (before === "dark" || before === "light") root.dataset.theme = before;
  button.hidden = false;
  button.removeAttribute("aria-pressed");
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    stored(root.dataset.theme);
    show();
  });
  system.addEventListener("change", show);
  show();

  const dialog = document.getElementById("definition");
  const content = document.getElementById("definition-text");
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a.term");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const entry = document.getElementById(link.hash.slice(1));
    if (!entry) return;
    event.preventDefault();
    content.replaceChildren(...entry.cloneNode(true).childNodes);
    for (const inner of content.querySelectorAll("[id]")) inner.removeAttribute("id");
    dialog.showModal();
  });
  dialog.querySelector(".close").addEventListener("click", () => dialog.close());
  // A click beside the text is one on the dialog itself.
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
})();
