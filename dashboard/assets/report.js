/* The pages after class in the browser: what needs no server. */
(() => {
  "use strict";

  /* The links to the exports, with or without names. */
  function withNames(checked, session) {
    document.querySelectorAll("[data-export]").forEach((link) => {
      link.href = `/download/report/${session}.${link.dataset.export}${checked ? "?names=1" : ""}`;
    });
    return checked ? "The files will name every student." : "Without it students are numbers.";
  }

  const fixKind = (kind) => `report-form for-${kind}`;

  /* Saves a chart as it is drawn for paper, twice as sharp as on the screen. */
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-picture]");
    const chart = button && document.querySelector(`#${button.dataset.picture} .js-plotly-plot`);
    if (!chart || !window.Plotly) return;
    const {width, height} = chart.getBoundingClientRect();
    window.Plotly.downloadImage(chart, {format: "png", scale: 2, width, height, filename: button.dataset.file});
  });

  window.dash_clientside = Object.assign({}, window.dash_clientside, {report: {withNames, fixKind}});
})();
