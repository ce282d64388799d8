/* What the teacher does on the live page: buttons, keys and dialogs become wishes, which dashboard/live/steering.py
   fulfils one after the other; what the capture answers comes with the ticks. */
(() => {
  "use strict";
  const {byId, text, hide, setProps} = window.classmoodLive;
  const PATIENCE_MS = 10000;   // a capture looks for wishes once a second; a busy disk may take some more
  const TOAST_MS = 8000;       // long enough to read two lines and to take a marker back
  const KEYS = {t: "[data-kind='topic']", q: "[data-kind='question']", n: "[data-open='live-note']",
    p: "[data-do='pause']:not([hidden]), [data-do='resume']:not([hidden])", "?": "[data-open='live-help']"};
  const queue = [];            // wishes that are still to be sent
  let current = null;          // the wish that the server has
  let number = 0;
  const waiting = new Map();   // commands that the capture has yet to answer: number to wish
  let parts = {};
  let keysAct = true;
  let toastUntil = 0;
  let flag = null;             // the prompt that the open dialog is about
  let student = null;          // the student that the open dialog is about,
  let called = "";             // and the name that it had when the dialog was opened

  function wish(deed) {
    queue.push({session: parts.session ? parts.session.id : null, ...deed, number: ++number, since: Date.now()});
    send();
    showSteering();
  }

  function send() {
    if (current || !queue.length) return;
    current = queue.shift();
    setProps("live-wish", {data: current});
  }

  function showOutcome(outcome) {
    if (!outcome || !current || outcome.number !== current.number) return;
    const done = current;
    current = null;
    if (outcome.error) say(outcome.error, true);
    else if (outcome.done) say(outcome.done, false, outcome.marker);
    if (outcome.waiting) waiting.set(outcome.waiting, done);
    tellWaiting();
    send();
    if (outcome.error) for (const card of document.querySelectorAll(".prompt[data-leaving]")) delete card.dataset.leaving;
    setProps("live-interval", {n_intervals: Date.now()});  // what has changed is shown at once
  }

  function tellWaiting() {
    setProps("live-waiting", {data: [...waiting.keys()]});
    showSteering();
  }

  function hear(news) {
    const answered = (news.answers || []).filter(([id]) => waiting.delete(id));
    for (const [, error] of answered) if (error) say(error, true);
    if (answered.length) tellWaiting();
  }

  function loseOld() {
    if (!byId("live-page")) return;
    const old = Date.now() - PATIENCE_MS;
    if (current && current.since < old) {
      current = null;
      say("These pages have not answered: try again.", true);
      send();
    }
    const late = [...waiting].filter(([, deed]) => deed.since < old);
    for (const [id] of late) waiting.delete(id);
    if (late.length) {
      tellWaiting();
      say("The capture has not answered yet: it may be busy, or gone.", true);
    }
    if (toastUntil && Date.now() > toastUntil && !byId("live-toast").matches(":hover, :focus-within")) closeToast();
  }

  function say(words, bad, marker) {
    byId("live-toast").dataset.level = bad ? "bad" : "good";
    byId("live-toast-undo").dataset.marker = marker || "";
    hide("live-toast-undo", !marker);
    hide("live-toast", false);  // before the words: a screen reader hears only what changes in sight
    text("live-toast-text", words);
    toastUntil = Date.now() + (bad ? 2 * TOAST_MS : TOAST_MS);
  }

  function closeToast() {
    toastUntil = 0;
    text("live-toast-text", "");
    hide("live-toast", true);
  }

  function showSteering() {
    const bar = byId("live-steer");
    if (!bar) return;
    const [session, alive, mode] = parts.steer || [null, 0, null];
    const kind = parts.situation ? parts.situation.kind : "";
    const still = kind === "paused" || (kind === "ended" && alive);
    bar.hidden = !session && !alive;
    hide("live-modes", !session);
    hide("live-marks", !session);
    const on = [...queue, current, ...waiting.values()].filter(Boolean);
    for (const button of bar.querySelectorAll("[data-do]")) {
      const deed = button.dataset;
      const busy = on.some((one) => one.do === deed.do && (deed.do !== "mode" || one.mode === (deed.mode || null)));
      button.setAttribute("aria-busy", String(busy && deed.do !== "mark"));
      if (deed.do === "mode") {
        button.setAttribute("aria-pressed", String((deed.mode || null) === mode && Boolean(session)));
        button.disabled = !session || !alive;
      }
      if (deed.do === "mark") button.disabled = !session;
    }
    bar.querySelector("[data-open='live-note']").disabled = !session;
    bar.querySelector("[data-open='live-end']").disabled = !session || !alive;
    const [pause, resume] = ["pause", "resume"].map((name) => bar.querySelector(`[data-do='${name}']`));
    const [shown, other] = still ? [resume, pause] : [pause, resume];
    shown.disabled = !alive;
    shown.hidden = false;
    if (document.activeElement === other) shown.focus();
    other.hidden = true;
    resume.firstChild.textContent = kind === "ended" ? "Watch again" : "Resume";
  }

  function press(button) {
    const deed = button.dataset;
    if (deed.open) openDialog(deed.open, button);
    else if (deed.why && deed.do !== "dismiss") putAside(deed.why);
    else if (deed.do === "mode") wish({do: "mode", mode: deed.mode || null});
    else if (deed.do === "mark") wish({do: "mark", kind: deed.kind, text: ""});
    else if (deed.do === "dismiss") dismiss(Number(deed.flag), deed.why, "");
    else if (deed.do) wish({do: deed.do});
  }

  function openDialog(dialog, button) {
    if (dialog === "live-why") flag = Number(button.dataset.flag);
    setProps(dialog, {opened: true});
  }

  function dismiss(id, why, note) {
    const card = document.querySelector(`.prompt[data-flag="${id}"]`);
    if (card) card.dataset.leaving = "yes";
    wish({do: "dismiss", flag: id, why, note});
  }

  function putAside(note) {
    setProps("live-why", {opened: false});
    setProps("live-why-text", {value: ""});
    dismiss(flag, "known", note || "");
  }

  function saveNote(_presses, _submits, kind, words) {
    setProps("live-note", {opened: false});
    setProps("live-note-text", {value: ""});
    wish({do: "mark", kind, text: words || ""});
  }

  function askWho(number, name, others) {
    student = number;
    called = name;
    setProps("live-person-name", {value: name});
    setProps("live-person-same", {data: others, value: null});
    setProps("live-person", {opened: true});
  }

  function savePerson(_presses, _submits, name, same) {
    setProps("live-person", {opened: false});
    if (same) wish({do: "merge", student, target: Number(same)});
    else if (name !== called) wish({do: "rename", student, name: name || ""});
  }

  function end(presses) {
    if (!presses) return;
    setProps("live-end", {opened: false});
    wish({do: "end"});
  }

  function onClick(event) {
    if (!byId("live-page")) return;
    const button = event.target.closest("button");
    if (!button) return;
    if (button.id === "live-toast-close") closeToast();
    else if (button.id === "live-toast-undo") {
      closeToast();
      wish({do: "unmark", marker: Number(button.dataset.marker)});
    } else press(button);
  }

  function onKey(event) {
    if (!byId("live-page") || !keysAct || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (event.target.closest("input, textarea, select, [role='dialog'], [contenteditable]")) return;
    const bar = byId("live-steer");
    const place = Number(event.key);
    const wanted = KEYS[event.key.toLowerCase()];
    const button = place ? bar.querySelectorAll("[data-do='mode']")[place - 1] : wanted && bar.querySelector(wanted);
    if (!button || button.disabled || bar.hidden) return;
    event.preventDefault();
    press(button);
  }

  document.addEventListener("click", onClick);
  document.addEventListener("keydown", onKey);
  window.setInterval(loseOld, 1000);
  window.classmoodLive.askWho = askWho;
  window.classmoodLive.follow((all, news) => {
    parts = all;
    hear(news);
    showSteering();
  });
  window.classmoodLive.offer({showOutcome, saveNote, savePerson, end, closeEnd: () => false,
    saveWhy: (_presses, _submits, words) => putAside(words), setKeys: (checked) => { keysAct = checked; }});
})();
