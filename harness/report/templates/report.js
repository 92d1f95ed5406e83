
"use strict";
// Read-outs under the pointer and by arrow keys. The page says everything without this script too.
(() => {
  const charts = JSON.parse(document.getElementById("read-outs").textContent);
  const clock = (seconds) => {
    const whole = Math.round(seconds), two = (n) => String(n).padStart(2, "0");
    const minutes = Math.floor(whole / 60);
    return minutes < 60 ? `${minutes}:${two(whole % 60)}` : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(whole % 60)}`;
  };
  const shown = (line, index) => {
    const value = line.values[index];
    const digits = line.values.every(Number.isInteger) ? 0 : 1;
    return value === null ? "–" : value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  };
  const nearest = (seconds, wanted) =>
    seconds.reduce((best, second, index) => (Math.abs(second - wanted) < Math.abs(seconds[best] - wanted) ? index : best), 0);

  for (const plot of document.querySelectorAll("[data-chart]")) {
    const chart = charts[plot.dataset.chart];
    const svg = plot.querySelector("svg");
    const height = svg.getAttribute("height");
    const crosshair = document.createElementNS("http://www.w3.org/2000/svg", "line");
    crosshair.setAttribute("class", "crosshair");
    crosshair.setAttribute("y1", "0");
    crosshair.setAttribute("y2", height);
    const box = document.createElement("div");
    box.className = "read-out";
    box.setAttribute("role", "status");
    let at = 0;

    const row = (label, value) => {
      const line = document.createElement("div");
      for (const text of [label, value]) line.append(Object.assign(document.createElement("span"), { textContent: text }));
      return line;
    };
    const show = (index) => {
      at = Math.max(0, Math.min(chart.seconds.length - 1, index));
      const share = chart.seconds[at] / chart.span_s;
      for (const end of ["x1", "x2"]) crosshair.setAttribute(end, `${share * 100}%`);
      const head = Object.assign(document.createElement("b"), { textContent: `${clock(chart.seconds[at])}, ${chart.unit}` });
      box.replaceChildren(head, ...chart.lines.map((line) => row(line.label, shown(line, at))));
      if (!box.isConnected) { svg.append(crosshair); plot.append(box); }
      const left = share * plot.clientWidth;
      box.style.left = `${left > plot.clientWidth / 2 ? Math.max(0, left - box.offsetWidth - 12) : left + 12}px`;
    };
    const hide = () => { box.remove(); crosshair.remove(); };

    plot.tabIndex = 0;
    plot.setAttribute("role", "group");
    plot.setAttribute("aria-label", "Chart; arrow keys read out its points");
    plot.addEventListener("pointermove", (event) => {
      const area = svg.getBoundingClientRect();
      show(nearest(chart.seconds, ((event.clientX - area.left) / area.width) * chart.span_s));
    });
    plot.addEventListener("pointerleave", hide);
    plot.addEventListener("blur", hide);
    plot.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (step) { show(box.isConnected ? at + step : at); event.preventDefault(); }
      if (event.key === "Escape") hide();
    });
  }
})();
