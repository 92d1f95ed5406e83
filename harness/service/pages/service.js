// Locust's form asks for users, which our schedule decides; what a run of ours needs is among its "custom
// parameters". And a page that waits does not look for what was started elsewhere.
"use strict";
(() => {
  const style = document.createElement("style");
  const unused = ["userCount", "spawnRate", "host", "runTime", "profile"].map((name) => `input[name="${name}"]`);
  style.textContent = `.MuiFormControl-root:has(${unused.join(", ")}), .MuiAccordion-root:has(${unused.join(", ")})
    { display: none; }`;
  document.head.append(style);

  const opened = new WeakSet();
  const openParameters = () => {
    for (const select of document.querySelectorAll('form [name="scenario"]')) {
      const summary = select.closest(".MuiAccordion-root")?.querySelector("[aria-expanded=false]");
      if (summary && !opened.has(summary)) summary.click();
      if (summary) opened.add(summary);
    }
  };
  new MutationObserver(openParameters).observe(document.body, { childList: true, subtree: true });
  openParameters();

  const waits = () => [...document.querySelectorAll("button")].every((found) => !/^(stop|loading)$/i.test(found.textContent.trim()));
  const asked = () => document.querySelector("form input:focus, form select:focus") !== null;
  const look = async () => {
    const health = await fetch("floodgate/health", { cache: "no-store" }).then((found) => found.json()).catch(() => ({}));
    if (health.running && waits() && !asked()) window.location.replace("?tab=pipeline");
  };
  setInterval(look, 2000);
})();
