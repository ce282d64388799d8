/* The cards of the live page that say who may need a look: dashboard/live/prompts.py tells what stands on them. */
(() => {
  "use strict";
  const {byId, text, hide} = window.classmoodLive;
  const NOBODY = ["Nobody stands out", "A prompt comes after a lasting change, never for one glance."];
  let presentFor = null;       // the class whose prompts are known: those that were there on arrival are not announced

  function element(kind, className, content = "") {
    return Object.assign(document.createElement(kind), {className, textContent: content});
  }

  function button(word, title, data) {
    const made = element("button", "act", word);
    made.type = "button";
    made.title = title;
    Object.assign(made.dataset, data);
    return made;
  }

  function newCard(id) {
    const card = element("li", "prompt");
    card.dataset.flag = id;
    const whose = element("bdi", "prompt-whose");
    whose.dir = "auto";
    const head = element("p", "prompt-head");
    head.append(whose, element("span", "prompt-since"));
    const buttons = element("div", "button-row");
    buttons.append(
      button("I know why", "It is so, and there is a reason", {open: "live-why", flag: id}),
      button("Later", "Ask again in five minutes if it lasts", {do: "dismiss", why: "not_now", flag: id}),
      button("Not so", "Put aside: it is not so", {do: "dismiss", why: "wrong", flag: id}));
    card.append(head, element("p", "prompt-what"), element("p", "prompt-reason"), element("p", "prompt-sure"), buttons);
    return card;
  }

  function fill(card, values, readings, now) {
    const [student, whose, what, reason, since, clock, sure, otherwise, over] = values;
    const [head, kind, why, evidence, buttons] = card.children;
    const minutes = Math.max(0, Math.round((now - since) / 60000));
    put(head.children[0], whose);
    put(head.children[1], over ? "over" : minutes < 1 ? "just now" : `${minutes} min`);
    head.children[1].title = `since ${clock}`;
    put(kind, what);
    put(why, reason);
    why.title = reason;
    put(evidence, [readings, sure, otherwise && `could be: ${otherwise}`].filter(Boolean).join(" · "));
    evidence.title = evidence.textContent;
    card.dataset.over = over ? "yes" : "";
    card.dataset.kind = student === null ? "class" : "student";
    buttons.setAttribute("aria-label", `About ${whose}`);
  }

  function put(where, words) {
    if (where.textContent !== words) where.textContent = words;
  }

  function show(parts, news) {
    const ids = parts.prompts || [];
    const list = byId("live-prompts-list");
    const there = new Map([...list.children].map((card) => [Number(card.dataset.flag), card]));
    for (const [id, card] of there) if (!ids.includes(id)) remove(card);
    for (const id of ids) {
      if (!there.has(id)) there.set(id, list.appendChild(newCard(id)));
      fill(there.get(id), parts[`flag-${id}`], parts[`count-${id}`], news.now);
    }
    if (ids.some((id, i) => list.children[i] !== there.get(id))) list.append(...ids.map((id) => there.get(id)));
    announce(parts, ids);
    const current = parts.situation.current;
    hide("live-prompts-none", ids.length > 0);
    text("live-prompts-none-title", current ? NOBODY[0] : "No prompts now");
    text("live-prompts-none-text", current ? NOBODY[1] : "Prompts come while a class is read.");
  }

  function remove(card) {
    const next = card.nextElementSibling || card.previousElementSibling;
    const hadFocus = card.contains(document.activeElement);
    card.remove();
    if (hadFocus && next) next.querySelector("button").focus();
  }

  function announce(parts, ids) {
    const session = parts.session ? parts.session.id : null;
    const known = (byId("live-prompts").dataset.known || "").split(" ");
    byId("live-prompts").dataset.known = ids.join(" ");
    const fresh = ids.filter((id) => !known.includes(String(id)));
    if (session === presentFor && fresh.length) {
      text("live-prompts-news", fresh.map((id) => parts[`flag-${id}`].slice(1, 3).join(": ")).join(". "));
    }
    presentFor = session;
  }

  window.classmoodLive.follow(show);
})();
