// Purge Tabler: keep its variables, its resets and every rule whose classes occur anywhere in our own files.
import { readFileSync, writeFileSync } from "node:fs";
import { PurgeCSS } from "purgecss";

const TARGET = "portal/static/vendor/tabler.css";
const version = JSON.parse(readFileSync("node_modules/@tabler/core/package.json", "utf8")).version;

const [result] = await new PurgeCSS().purge({
  css: ["node_modules/@tabler/core/dist/css/tabler.min.css"],
  content: ["portal/templates/**/*.html", "portal/static/*.js", "portal/static/*.css", "portal/**/*.py"],
  // Any word may be a class: better a rule too many than a page that has lost its looks.
  defaultExtractor: (text) => text.match(/[A-Za-z0-9_-]+/g) ?? [],
  keyframes: true,
  safelist: {
    // What a page may come to need without naming it in one piece: states, and names put together from a variable.
    standard: [
      ...["html", "body", "active", "disabled", "show", "visually-hidden", "visually-hidden-focusable"],
      ...["form-label", "form-control", "form-select", "form-check", "form-check-input", "form-check-label"],
      ...["form-hint", "form-text", "is-invalid", "is-valid", "invalid-feedback", "required", "input-group"],
      ...["input-group-text", "btn", "btn-primary", "btn-danger", "btn-link", "btn-sm", "btn-list"],
      ...["badge", "alert", "card", "card-body", "card-header", "card-title", "table", "table-responsive"],
      /^bg-(secondary|blue|green|yellow|orange|red)(-lt)?$/,
      /^alert-(info|success|warning|danger)$/,
    ],
  },
});

const css = result.css.replace(/\/\*# sourceMappingURL=.*?\*\//g, "").trim();
writeFileSync(TARGET, css + "\n");
console.log(`${TARGET}: Tabler ${version}, ${Math.round(css.length / 1024)} KiB`);
