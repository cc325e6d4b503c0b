// Purge Tabler: keep its resets, every rule whose classes occur anywhere in our own files, and the variables that
// these rules or our own styles ask for.
import { readFileSync, writeFileSync } from "node:fs";
import postcss from "postcss";
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

const sheet = postcss.parse(result.css.replace(/\/\*# sourceMappingURL=.*?\*\//g, "").trim());
const own = readFileSync("portal/static/app.css", "utf8") + readFileSync("portal/static/app.js", "utf8");
dropUnusedVariables(sheet, own);
const css = sheet.toString();
writeFileSync(TARGET, css + "\n");
console.log(`${TARGET}: Tabler ${version}, ${Math.round(css.length / 1024)} KiB`);

// One that is used only by an unused one goes with it.
function dropUnusedVariables(sheet, own) {
  for (let dropped = true; dropped; ) {
    dropped = false;
    const asked = new Set((sheet.toString() + own).match(/var\(\s*--[\w-]+/g)?.map((one) => one.replace(/^var\(\s*/, "")));
    sheet.walkDecls(/^--/, (variable) => {
      if (!asked.has(variable.prop)) {
        variable.remove();
        dropped = true;
      }
    });
  }
  sheet.walkRules((rule) => {
    if (!rule.nodes.length) rule.remove();
  });
}
