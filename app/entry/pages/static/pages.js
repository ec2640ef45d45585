// What makes the pages more comfortable; none of them needs it.
"use strict";

// A form is sent once, however often its button is pressed. (Sent twice all the same, its key has
// it done once.) Coming back to the page by the back button, it can be sent again.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  if (form.method === "post") form.dataset.sent = "yes";
});
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});

// After a refusal the summary of what to mend is read first.
document.querySelector(".govuk-error-summary")?.focus();

// Somebody who leaves a page with a half filled form is asked first.
const typed = new WeakSet();
document.addEventListener("input", (event) => {
  if (event.target.form?.hasAttribute("data-keep")) typed.add(event.target.form);
});
addEventListener("beforeunload", (event) => {
  for (const form of document.querySelectorAll("form[data-keep]"))
    if (typed.has(form) && !form.dataset.sent) event.preventDefault();
});
