"use strict";
// Says when the page is not true any more. It asks only while somebody sees the page, and names the state that it
// shows in If-None-Match, so the answer is 304 until something has changed. Loading the page anew keeps what was typed
// and chosen.

(() => {
  const EVERY_MS = 30_000;
  const KEPT = `greenlight:typed ${location.pathname}`;
  const main = () => document.getElementById("main");
  const page = () => location.pathname + location.search;

  let timer = 0;
  let asking = false;
  let over = false;

  function later() {
    clearTimeout(timer);
    if (!over && document.visibilityState === "visible") timer = setTimeout(ask, EVERY_MS);
  }

  async function ask() {
    if (over || asking || document.visibilityState !== "visible") return;
    asking = true;
    try {
      const answer = await fetch(page(), { headers: { "If-None-Match": `"${main().dataset.state}"` } });
      if (answer.status === 200 && !answer.redirected) tell();
      else if (answer.status !== 304 && answer.status !== 429 && answer.status < 500) over = true;
    } catch {
      // No connection now. It asks again later.
    } finally {
      asking = false;
      later();
    }
  }

  function tell() {
    over = true;
    const notice = document.getElementById("notice");
    notice.replaceChildren(document.getElementById("changed").content.cloneNode(true));
    notice.querySelector("button").addEventListener("click", () => {
      keep();
      location.replace(page());
    });
  }

  // What was typed and chosen

  function* fields() {
    for (const form of main().querySelectorAll('form[method="post"]')) {
      for (const field of form.elements) {
        if (field.name && !["hidden", "file", "submit", "fieldset"].includes(field.type)) yield [form, field];
      }
    }
  }

  function about(form, field) {
    const kinds = [...form.querySelectorAll('input[type="hidden"]')].filter((each) => each.name !== "document");
    return [form.getAttribute("action"), ...kinds.map((each) => `${each.name}=${each.value}`), field.name].join(" ");
  }

  const isChoice = (field) => field.type === "checkbox" || field.type === "radio";

  function keep(except) {
    const kept = [];
    for (const [form, field] of fields()) {
      if (form === except) continue;
      const changed = isChoice(field) ? field.checked && !field.defaultChecked : field.value !== field.defaultValue;
      if (changed) kept.push({ about: about(form, field), value: field.value, document: form.elements.document?.value });
    }
    sessionStorage.setItem(KEPT, JSON.stringify(kept));
  }

  function restore() {
    const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? "[]");
    sessionStorage.removeItem(KEPT);
    for (const [form, field] of fields()) {
      const same = kept.filter((each) => each.about === about(form, field));
      if (isChoice(field)) {
        // A choice was made for one document; for another one it is to be made again.
        if (!same.some((each) => each.value === field.value && each.document === form.elements.document?.value)) continue;
        field.checked = true;
      } else if (same.length) {
        field.value = same[0].value;
      } else continue;
      field.closest("details")?.setAttribute("open", "");
    }
  }

  restore();
  later();
  // A form that is sent takes its own fields along; those of the other forms are kept for the page that follows.
  document.addEventListener("submit", (event) => event.target.method === "post" && keep(event.target));
  document.addEventListener("greenlight:shown", restore);
  document.addEventListener("visibilitychange", () => (document.visibilityState === "visible" ? ask() : later()));
  window.addEventListener("pageshow", (event) => event.persisted && ask());
})();
