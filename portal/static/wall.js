// A wall at a meeting: it can be left by a key, and what was said of a silent server goes when it answers again.
"use strict";

addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !document.fullscreenElement) location.assign(document.getElementById("leave").href);
});
addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.successful) document.getElementById("notices").replaceChildren();
});
