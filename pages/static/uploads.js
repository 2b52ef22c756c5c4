"use strict";
// Forms with files: drop files on them, see how far they are sent, and lose nothing when the connection fails.

(() => {
  const FORMS = 'form[enctype="multipart/form-data"]';
  const size = (bytes) =>
    bytes < 1_000 ? `${bytes} bytes` : bytes < 999_950 ? `${(bytes / 1e3).toFixed(1)} KB` : `${(bytes / 1e6).toFixed(1)} MB`;
  // Not `form.action`, which is a button where one has that name.
  const address = (form) => new URL(form.getAttribute("action"), location.href);
  const input = (form) => form.querySelector('input[type="file"]');

  function made(name, properties = {}) {
    return Object.assign(document.createElement(name), properties);
  }

  // Choosing files

  function list(form) {
    const chosen = form.querySelector(".chosen") ?? made("ul", { className: "chosen" });
    const lines = [...input(form).files].map((file) => {
      const line = made("li");
      line.append(made("bdi", { textContent: file.name }), ` ${size(file.size)} `);
      const drop = made("button", { type: "button", className: "second", textContent: "Leave it out" });
      drop.setAttribute("aria-label", `Leave it out: ${file.name}`);
      drop.addEventListener("click", () => {
        put(form, [...input(form).files].filter((each) => each !== file));
        input(form).focus();
      });
      line.append(drop);
      return line;
    });
    chosen.replaceChildren(...lines);
    if (!chosen.isConnected) input(form).after(chosen);
  }

  function put(form, files) {
    const transfer = new DataTransfer();
    for (const file of files) transfer.items.add(file);
    input(form).files = transfer.files;
    list(form);
  }

  function target(event) {
    if (![...(event.dataTransfer?.types ?? [])].includes("Files")) return null;
    // A file that is dropped beside would be opened in place of the page, with all that was typed.
    event.preventDefault();
    return event.target.closest?.(FORMS) ?? document.querySelector(FORMS);
  }

  document.addEventListener("dragover", (event) => target(event)?.querySelector(".files").classList.add("over"));
  document.addEventListener("dragleave", () => document.querySelector(".files.over")?.classList.remove("over"));
  document.addEventListener("drop", (event) => {
    const form = target(event);
    document.querySelector(".files.over")?.classList.remove("over");
    if (!form) return;
    const dropped = [...event.dataTransfer.files];
    const names = new Set(dropped.map((each) => each.name));
    put(form, [...[...input(form).files].filter((each) => !names.has(each.name)), ...dropped]);
    form.closest("details")?.setAttribute("open", "");
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches(`${FORMS} input[type="file"]`)) list(event.target.form);
  });

  // Sending them

  function send(form, submitter) {
    const content = new FormData(form, submitter);  // before the submitter is disabled, which would leave it out
    const sent = new XMLHttpRequest();
    const bar = made("progress", { max: 1, value: 0 });
    const words = made("span", { textContent: "Sending" });
    const stop = made("button", { type: "button", className: "second", textContent: "Stop" });
    const panel = made("div", { className: "sending" });
    bar.setAttribute("aria-label", "How far the files are sent");
    panel.append(bar, words, stop);
    form.querySelector(".failure")?.remove();
    form.querySelectorAll('button[type="submit"]').forEach((each) => (each.disabled = true));
    form.append(panel);

    const fail = (...sentences) => {
      panel.remove();
      form.querySelectorAll('button[type="submit"]').forEach((each) => (each.disabled = false));
      const alarm = made("div", { className: "alarm failure", tabIndex: -1, textContent: sentences.join(" ") });
      alarm.setAttribute("role", "alert");
      form.prepend(alarm);
      alarm.focus();
    };
    sent.upload.addEventListener("progress", (event) => {
      if (!event.lengthComputable) return;
      bar.value = event.loaded / event.total;
      words.textContent = `${size(event.loaded)} of ${size(event.total)}`;
    });
    sent.upload.addEventListener("load", () => (words.textContent = "All is sent. It is being checked"));
    sent.addEventListener("load", () => answered(form, sent, fail));
    sent.addEventListener("error", () => fail("The connection failed.", "All is still in this form. Send it again."));
    sent.addEventListener("abort", () => fail("Stopped.", "All is still in this form."));
    stop.addEventListener("click", () => sent.abort());
    sent.open("POST", address(form));
    sent.send(content);
  }

  function answered(form, sent, fail) {
    if (new URL(sent.responseURL).pathname !== address(form).pathname) {
      location.assign(sent.responseURL);
      return;
    }
    const page = new DOMParser().parseFromString(sent.responseText, "text/html");
    const main = page.getElementById("main");
    // A page without this form says why it was not taken, as when storage is out: then the form stays as it is.
    if (!main?.querySelector(FORMS)) {
      const said = [...(main?.querySelectorAll("h1, p") ?? [])].map((each) => each.textContent.trim());
      fail(...(said.length ? said.map((each) => each.replace(/([^.])$/, "$1.")) : ["It was not taken."]));
      return;
    }
    document.title = page.title;
    document.getElementById("main").replaceWith(main);
    main.dispatchEvent(new Event("greenlight:shown", { bubbles: true }));
    main.querySelector("[autofocus]")?.focus();
  }

  document.addEventListener("submit", (event) => {
    if (!event.target.matches(FORMS)) return;
    event.preventDefault();
    send(event.target, event.submitter);
  });
})();
