/**
 * The page's script, which adds buttons that copy, and nothing else. It is
 * loaded by no one who does not have it run.
 */
export const SCRIPT = `
"use strict";
const told = document.createElement("p");
told.className = "told";
told.setAttribute("role", "status");
document.body.append(told);
for (const code of document.querySelectorAll("[data-copy]")) {
  const text = code.dataset.copy || code.textContent;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy";
  button.textContent = "Copy";
  button.setAttribute("aria-label", "Copy " + text);
  button.addEventListener("click", async () => {
    let done = true;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const area = document.createElement("textarea");
      area.value = text;
      document.body.append(area);
      area.select();
      done = document.execCommand("copy");
      area.remove();
      button.focus();
    }
    button.textContent = done ? "Copied" : "Failed";
    told.textContent = done ? "Copied" : "It could not be copied";
    setTimeout(() => {
      button.textContent = "Copy";
      told.textContent = "";
    }, 1500);
  });
  code.after(button);
}
`;
