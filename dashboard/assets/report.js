/* The pages after class in the browser: what needs no server. */
(() => {
  "use strict";
  const LOOK_MS = 30;          // two pictures of the screen: nobody sees the wait

  /* The links to the exports, with or without names. */
  function withNames(checked, session) {
    document.querySelectorAll("[data-export]").forEach((link) => {
      link.href = `/download/report/${session}.${link.dataset.export}${checked ? "?names=1" : ""}`;
    });
    return checked ? "The files will name every student." : "Without it students are numbers.";
  }

  /* Charts further down wait until the first one stands: it is looked at first. */
  const later = (figure) => new Promise((resolve) => {
    const look = () => {
      const first = document.getElementById("report-along-chart");
      if (!first || first.querySelector(".main-svg")) window.setTimeout(() => resolve(figure));
      else window.setTimeout(look, LOOK_MS);
    };
    look();
  });

  const fixKind = (kind) => `report-form for-${kind}`;

  /* Saves a chart as it is drawn for paper, twice as sharp as on the screen. */
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-picture]");
    const chart = button && document.querySelector(`#${button.dataset.picture} .js-plotly-plot`);
    if (!chart || !window.Plotly) return;
    const {width, height} = chart.getBoundingClientRect();
    window.Plotly.downloadImage(chart, {format: "png", scale: 2, width, height, filename: button.dataset.file});
  });

  /* The link to the comparison of the sessions that are ticked. */
  function compareLink(rows) {
    const chosen = (rows || []).map((row) => row.id);
    const link = document.getElementById("sessions-compare");
    const fits = chosen.length >= 2 && chosen.length <= 6;
    if (link) {
      if (fits) link.href = `/compare?sessions=${chosen.join(",")}`; else link.removeAttribute("href");
      link.setAttribute("aria-disabled", fits ? "false" : "true");
    }
    return chosen.length > 6 ? "At most six" : chosen.length < 2 ? "Compare" : `Compare ${chosen.length} sessions`;
  }

  const quickFilter = (words, options) => ({...options, quickFilterText: words || ""});

  /* How the list of sessions writes its cells. */
  const functions = (window.dashAgGridFunctions = window.dashAgGridFunctions || {});
  functions.share = (value) => (value === null || value === undefined ? "–" : `${Math.round(100 * value)} %`);
  functions.signed = (value) => (value === null || value === undefined ? "–" : `${value <= -0.005 ? "−" : "+"}${Math.abs(value).toFixed(2)}`);
  const components = (window.dashAgGridComponentFunctions = window.dashAgGridComponentFunctions || {});
  components.ReportLink = (cell) => window.React.createElement("a", {href: `/report/${cell.data.id}`, dir: "auto"}, cell.value);

  window.dash_clientside = Object.assign({}, window.dash_clientside, {report: {withNames, later, fixKind, compareLink, quickFilter}});
})();
