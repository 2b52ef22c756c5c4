"use strict";
// Shows who will have to approve a proposal while it is typed. It asks what the button of the form asks, without files.

(() => {
  const PAUSE_MS = 600;
  const NAMES = ["cost", "currency", "department", "policy"];
  const PLACE = "preview-section";

  let timer = 0;
  let asked = "";
  let running = new AbortController();

  function wanted(form) {
    const sent = new FormData();
    for (const name of ["id", ...NAMES]) sent.append(name, form.elements[name]?.value ?? "");
    sent.append("action", "preview");
    return sent;
  }

  async function ask(form) {
    const sent = wanted(form);
    const key = JSON.stringify([...sent]);
    if (key === asked) return;
    asked = key;
    running.abort();
    running = new AbortController();
    try {
      const answer = await fetch(form.getAttribute("action"), { method: "POST", body: sent, signal: running.signal });
      if (answer.status === 200 || answer.status === 400) show(form, await answer.text());
      else asked = "";
    } catch {
      asked = "";  // Another question came first, or there is no connection: the button still works.
    }
  }

  function show(form, html) {
    const found = new DOMParser().parseFromString(html, "text/html");
    const section = found.getElementById(PLACE) ?? faults(found);
    section.setAttribute("aria-live", "polite");
    section.querySelectorAll("[autofocus]").forEach((each) => each.removeAttribute("autofocus"));
    const before = document.getElementById(PLACE);
    if (before) before.replaceWith(section);
    else form.after(section);
    section.dispatchEvent(new Event("greenlight:shown", { bubbles: true }));
  }

  function faults(found) {
    const section = document.createElement("section");
    section.id = PLACE;
    const heading = document.createElement("h2");
    heading.textContent = "Who will have to approve it";
    section.append(heading);
    for (const name of [...NAMES, "form"]) {
      const fault = found.getElementById(`${name}-fault`);
      if (!fault) continue;
      const line = document.createElement("p");
      line.className = "soft";
      const label = name === "form" ? "" : `${found.querySelector(`label[for="${name}"]`).textContent}: `;
      line.textContent = `Not known yet. ${label}${fault.textContent.trim()}`;
      section.append(line);
    }
    return section;
  }

  document.addEventListener("input", (event) => {
    const form = event.target.form;
    if (!form?.matches("form[data-preview]") || !NAMES.includes(event.target.name)) return;
    clearTimeout(timer);
    timer = setTimeout(ask, PAUSE_MS, form);
  });

  document.addEventListener("submit", (event) => {
    // The answer to the form has the focus, perhaps on the preview in it. No later one takes that away.
    if (!event.target.matches("form[data-preview]")) return;
    clearTimeout(timer);
    running.abort();
  });
})();
