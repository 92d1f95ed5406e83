// Locust's own tabs hold a table; the charts of the pipeline stand below it, in a page of their own.
"use strict";
(() => {
  const frame = document.createElement("iframe");
  frame.src = "floodgate/";
  frame.title = "The pipeline over time";
  frame.id = "floodgate-charts";
  frame.style.cssText = "display:none; width:100%; height:820px; border:0;";
  const show = () => {
    const tab = new URL(window.location.href).searchParams.get("tab");
    frame.style.display = tab === "pipeline" ? "block" : "none";
    const home = document.querySelector("table")?.closest(".MuiContainer-root");
    if (tab === "pipeline" && home && frame.parentNode !== home) home.append(frame);
  };
  setInterval(show, 200);
  show();
})();
