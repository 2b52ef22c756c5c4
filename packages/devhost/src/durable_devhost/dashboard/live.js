// Fetches the part that changes again while the page is seen. Without script a reload does the same.
"use strict";
const pause = 2000;
async function refresh() {
  const shown = document.getElementById("live");
  const isRead = shown?.contains(document.activeElement) || shown?.querySelector("details[open]");
  const isBusy = !shown || document.hidden || isRead || !getSelection().isCollapsed;
  if (!isBusy) {
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("live");
      if (answer.ok && fresh && !fresh.isEqualNode(shown)) shown.replaceWith(document.adoptNode(fresh));
    } catch {
      // the host has stopped; the next try may find it again
    }
  }
  setTimeout(refresh, pause);
}
setTimeout(refresh, pause);
