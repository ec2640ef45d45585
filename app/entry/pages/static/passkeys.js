// Passkeys: asks the device for what a form says, and puts its answer into the form.
"use strict";

const key = globalThis.PublicKeyCredential;
if (key?.parseCreationOptionsFromJSON && key.prototype.toJSON) {
  for (const part of document.querySelectorAll("[data-passkey-offered]")) part.hidden = false;
  for (const part of document.querySelectorAll("[data-passkey-missing]")) part.hidden = true;
}

async function ask(form) {
  const asked = JSON.parse(form.dataset.asked);
  return form.dataset.passkey === "make"
    ? navigator.credentials.create({ publicKey: key.parseCreationOptionsFromJSON(asked) })
    : navigator.credentials.get({ publicKey: key.parseRequestOptionsFromJSON(asked) });
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  form.addEventListener("submit", async (event) => {
    if (form.elements.credential.value) return;
    event.preventDefault();
    event.stopPropagation();
    const failed = document.querySelector("[data-passkey-failed]");
    failed.hidden = true;
    try {
      const given = await ask(form);
      form.elements.credential.value = JSON.stringify(given.toJSON());
      form.requestSubmit();
    } catch {
      failed.hidden = false; // declined, or no fitting device: the form can be tried again
      failed.focus();
    }
  });
}
