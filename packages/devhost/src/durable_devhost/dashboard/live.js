// Fetches the parts that change again while the page is seen. Without script a reload does the same.
"use strict";
const pause = 2000;
const parts = ["live", "live-actions"];
const isChanged = (field) => field.value !== field.defaultValue;
function isRead(shown) {
  const isOpen = shown.querySelector("details[open]");
  return shown.contains(document.activeElement) || isOpen || [...shown.querySelectorAll("input, textarea")].some(isChanged);
}
async function refresh() {
  const shown = parts.map((id) => document.getElementById(id)).filter((each) => each && !isRead(each));
  if (shown.length && !document.hidden && getSelection().isCollapsed) {
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const each of answer.ok ? shown : []) {
        const fresh = page.getElementById(each.id);
        if (fresh && !isRead(each) && !fresh.isEqualNode(each)) each.replaceWith(document.adoptNode(fresh));
      }
    } catch {
      // the host has stopped; the next try may find it again
    }
  }
  setTimeout(refresh, pause);
}
setTimeout(refresh, pause);
