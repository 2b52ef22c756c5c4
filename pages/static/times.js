"use strict";
// Points in time in the zone of whoever reads. The server writes them in UTC, which stays as the tooltip.

(() => {
  const clock = { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZoneName: "short" };
  const short = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric", ...clock });
  const long = new Intl.DateTimeFormat("en-GB", {
    weekday: "long", day: "numeric", month: "long", year: "numeric", ...clock,
  });

  function show(event) {
    const place = event ? event.target : document;
    for (const time of place.querySelectorAll("time[datetime]:not([title])")) {
      const at = new Date(time.dateTime);
      if (Number.isNaN(at.getTime())) continue;
      time.title = time.textContent;
      time.textContent = (time.classList.contains("long") ? long : short).format(at);
    }
  }

  show();
  document.addEventListener("greenlight:shown", show);
})();
