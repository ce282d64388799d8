/* The live page in the browser: shows what the server says is new (dashboard/live/feed.py), and asks again after a sleep.
   Tiles, prompts and steering have files of their own, which take part through window.classmoodLive.
   Every text goes in as text, never as HTML: names are written by students. */
(() => {
  "use strict";
  const LOST_AFTER_S = 5;      // and two unanswered ticks: no hiccup of a busy machine
  const followers = [];        // what the other files do with each answer, given all parts and the answer
  let parts = {};              // all parts of the page, by name
  let heardAt = null;          // when the server last answered, on this browser's clock
  let silent_s = 0;            // seconds since then in which the browser was awake and not busy
  const byId = (id) => document.getElementById(id);
  const setProps = (id, props) => window.dash_clientside.set_props(id, props);

  function text(id, value) {
    const element = byId(id);
    if (element && element.textContent !== value) element.textContent = value;
  }
  function hide(id, hidden) {
    const element = byId(id);
    if (element) element.hidden = hidden;
  }

  function showNotice(notice) {
    byId("live-notice").dataset.level = notice.level;
    text("live-notice-title", notice.title);
    text("live-notice-text", notice.text);
    text("live-notice-command", notice.command || "");
    hide("live-notice-command", !notice.command);
    hide("live-notice", !notice.title);
  }

  function showSituation() {
    const situation = parts.situation;
    const health = parts.health;
    hide("live-empty", !situation.empty);
    hide("live-class", situation.empty);
    byId("live-empty").dataset.kind = situation.kind;
    text("live-empty-title", situation.title);
    text("live-empty-text", situation.text);
    text("live-empty-command", situation.command);
    hide("live-empty-command", !situation.command);
    byId("live-page").classList.toggle("not-current", !situation.current);
    byId("live-page").classList.toggle("presence", parts.presence === true);
    const trouble = health && health.trouble ? {level: "warn", title: "Capture", text: health.trouble} : {title: "", text: ""};
    showNotice(situation.title && !situation.empty ? situation : trouble);
  }

  function showSession() {
    const session = parts.session;
    text("live-session-title", session ? session.title : "");
    text("live-session-since", session ? `since ${session.since}` : "");
    hide("live-session-since", !session);
    hide("live-session-simulated", !(session && session.simulated));
  }

  function showHealth(now) {
    const health = parts.health;
    hide("live-health", !health);
    if (!health) return;
    const age = health.read === null ? null : Math.max(0, Math.round((now - health.read) / 1000));
    const rate = [];
    if (health.fps !== null) rate.push(`${health.fps.toFixed(1)} fps`);
    rate.push(`${health.drops} dropped`);
    if (health.cpu !== null) rate.push(`CPU ${health.cpu} %`);
    byId("live-health").dataset.level = health.level;
    text("live-health-rate", rate.join(" · "));
    text("live-health-read", age === null ? "no reading" : age < 2 ? "read now" : `read ${age} s ago`);
  }

  function showMood() {
    if (!parts.mood) return;
    const [lead, word, tone, sentence, trend, trendWord] = parts.mood;
    byId("live-mood").dataset.tone = tone;
    text("live-mood-lead", lead);
    text("live-mood-word", word);
    text("live-mood-sentence", sentence);
    hide("live-trend", !trend);
    byId("live-trend-arrow").dataset.trend = trend;
    text("live-trend-word", trendWord);
    const [seen, present] = parts.seen || [0, 0];
    text("live-seen-count", parts.seen ? String(seen) : "–");
    text("live-seen-of", parts.seen ? ` of ${present} seen` : " seen");
    byId("live-seen-bar").style.width = present ? `${(100 * seen) / present}%` : "0";
    text("live-looking", parts.looking ? `${parts.looking[0]} of ${parts.looking[1]} look towards the screen` : "");
    const rest = byId("live-seen-rest");
    const counts = parts.counts || [];
    if (rest.dataset.shown !== counts.join("|")) {
      rest.dataset.shown = counts.join("|");
      rest.replaceChildren(...counts.map((count) => Object.assign(document.createElement("li"), {textContent: count})));
    }
    document.title = parts.seen ? `${word} · ${seen} of ${present} seen · Classmood` : "Classmood";
    const emotions = ["angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"];
    emotions.forEach((emotion, i) => text(`live-legend-${emotion}`, parts.shares ? `${parts.shares[i]} %` : "–"));
  }

  function addBars(points) {
    const chart = document.querySelector("#live-chart .js-plotly-plot");
    if (!chart || !chart.data || chart.data.length !== 10) return false;
    const columns = [...points.stack, points.valence, points.seen, points.looking];
    const words = {8: points.counts, 9: points.judged};
    chart.data.forEach((trace, i) => {
      trace.x.push(...points.x);
      trace.y.push(...columns[i]);
      if (trace.customdata) trace.customdata.push(...words[i]);
      const old = Math.max(0, trace.x.findIndex((x) => x >= points.range[0]));
      for (const values of [trace.x, trace.y, trace.customdata]) if (values) values.splice(0, old);
    });
    for (const axis of ["xaxis", "xaxis2", "xaxis3", "xaxis4"]) chart.layout[axis].range = [...points.range];
    window.Plotly.redraw(chart);
    return true;
  }

  function followChart(news, drawn) {
    if (news.reload) {
      setProps("live-reload", {data: news.now});
    } else if (news.points && drawn) {
      // An answer to an older chart (another span, another session) is not for this one.
      const next = news.points.drawn;
      const same = ["session", "minutes", "bin_s"].every((key) => next[key] === drawn[key]) && drawn.after < next.after;
      if (same && addBars(news.points)) setProps("live-drawn", {data: next});
    }
  }

  function show(news, drawn) {
    heardAt = new Date();
    silent_s = 0;
    if (news.whole) parts = {};
    Object.assign(parts, news.set);
    for (const name of news.gone || []) delete parts[name];
    if (!byId("live-page")) return window.dash_clientside.no_update;
    showSituation();
    showSession();
    showHealth(news.now);
    showMood();
    for (const follow of followers) follow(parts, news);
    followChart(news, drawn);
    return news.key;
  }

  function tellScheme() {
    if (!byId("live-page")) return;
    const scheme = document.documentElement.dataset.mantineColorScheme === "dark" ? "dark" : "light";
    setProps("live-scheme", {data: scheme});
  }

  function tickNow() {
    if (!document.hidden && byId("live-page")) setProps("live-interval", {n_intervals: Date.now()});
  }

  function watchConnection() {
    const page = byId("live-page");
    if (heardAt === null || document.hidden || !page) return;
    silent_s += 1;
    if (silent_s < LOST_AFTER_S + 2 * Number(page.dataset.refresh)) return;
    page.classList.add("not-current");
    showNotice({level: "bad", title: "These pages are no longer answered",
      text: `The numbers are from ${heardAt.toTimeString().slice(0, 8)}. If Classmood was closed, start it again and open the new address that it prints.`});
  }

  document.addEventListener("visibilitychange", tickNow);
  new MutationObserver(tellScheme).observe(document.documentElement, {attributeFilter: ["data-mantine-color-scheme"]});
  // The page's parts come after this script: the look is told once they are there.
  const waiting = new MutationObserver(() => {
    if (!byId("live-chart") || !window.dash_clientside.set_props) return;
    waiting.disconnect();
    tellScheme();
  });
  waiting.observe(document.documentElement, {childList: true, subtree: true});
  window.setInterval(watchConnection, 1000);

  window.classmoodLive = {
    byId, text, hide, setProps,
    follow: (follower) => followers.push(follower),
    offer: (functions) => Object.assign(window.dash_clientside.live, functions),
  };
  window.dash_clientside = Object.assign({}, window.dash_clientside, {live: {show, openTable: () => true}});
})();
