// Shows how far a file is while it is sent.  Without this script the form is sent by the browser itself.
"use strict";
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || form.enctype !== "multipart/form-data") return;
  event.preventDefault();
  const shown = form.querySelector("[data-progress]");
  const bar = shown.querySelector("progress");
  const said = shown.querySelector("output");
  const button = form.querySelector("button");
  const request = new XMLHttpRequest();
  const stopped = (text) => { button.disabled = false; bar.hidden = true; said.textContent = text; };
  request.upload.addEventListener("progress", (step) => {
    if (!step.lengthComputable) return;
    const part = Math.floor(100 * step.loaded / step.total);
    bar.value = part;
    const text = part < 100 ? "Sending: " + (part - part % 10) + " percent" : "Sent. The node seals it";
    if (said.textContent !== text) said.textContent = text;
  });
  request.addEventListener("load", () => {
    const page = new DOMParser().parseFromString(request.responseText, "text/html");
    if (request.status < 400) { window.location.assign(request.responseURL); return; }
    const main = page.querySelector("main");
    document.title = page.title || document.title;
    if (main) document.querySelector("main").replaceWith(main);
    const wrong = document.querySelector(".wrong");
    if (wrong) wrong.focus();
  });
  request.addEventListener("error", () => stopped("It could not be sent. Try again"));
  button.disabled = true;
  shown.hidden = false;
  bar.hidden = false;
  request.open("POST", form.action);
  request.send(new FormData(form));
});
