// How much of a file has gone out. Without this the browser sends the form by itself.
"use strict";

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.hasAttribute("data-upload") || event.defaultPrevented) return;
  event.preventDefault();
  const shown = form.querySelector("[data-progress]");
  const sending = new XMLHttpRequest();
  sending.open("POST", form.action);
  sending.upload.addEventListener("progress", (sent) => {
    if (sent.lengthComputable) shown.querySelector("progress").value = (100 * sent.loaded) / sent.total;
  });
  sending.addEventListener("load", () => {
    // What it led to: the list with the file in it, or the form with what was wrong.
    if (sending.status < 400 && sending.responseURL !== location.href) {
      location.assign(sending.responseURL);
      return;
    }
    const answer = new DOMParser().parseFromString(sending.responseText, "text/html");
    document.title = answer.title;
    document.querySelector("main").replaceWith(document.adoptNode(answer.querySelector("main")));
    document.querySelector(".govuk-error-summary")?.focus();
  });
  // Cut off on the way: the key of the form has it kept once, however often it is sent.
  sending.addEventListener("error", () => form.submit());
  shown.hidden = false;
  sending.send(new FormData(form));
});
