/* The tile map of the live page, and what a tile showed in the last minute: see dashboard/live/tiles.py. */
(() => {
  "use strict";
  const {byId, text, hide, setProps} = window.classmoodLive;
  const POINT_MS = 200;        // a mouse that only passes asks for nothing
  const AGAIN_MS = 5000;       // a tile that is looked at for longer is asked for again
  let parts = {};
  let pointed = null;          // the tile whose last minute is shown
  let askedAt = 0;
  let timer = null;

  function newTile(name) {
    const part = (kind, className) => Object.assign(document.createElement(kind), {className});
    const tile = part("li", "tile");
    tile.dataset.part = name;
    const [face, mark, words, label] =
      [part("button", "tile-face"), part("span", "tile-mark"), part("span", "tile-text"), part("bdi", "tile-name")];
    face.type = "button";
    face.tabIndex = -1;
    face.setAttribute("aria-describedby", "live-minute");
    mark.setAttribute("aria-hidden", "true");
    mark.append(part("span", ""));
    label.dir = "auto";
    words.append(label, part("span", "tile-look"));
    face.append(mark, words);
    tile.append(face);
    return tile;
  }

  function fill(tile, values) {
    const shown = JSON.stringify(values);
    if (tile.dataset.shown === shown) return;
    tile.dataset.shown = shown;
    const [slot, name, kind, word, percent, row, column, staff] = values;
    const reading = percent !== null;
    const [mark, words] = tile.firstChild.children;
    mark.firstChild.className = reading ? "" : `icon icon-${kind}`;
    words.children[0].textContent = name;
    words.children[1].textContent = staff ? `${word} · staff` : word;
    tile.dataset.kind = reading ? "read" : kind;
    tile.dataset.mood = reading ? kind : "";
    tile.dataset.looks = reading ? `Looks ${word.toLowerCase()}, about ${percent} %` : word;
    tile.style.setProperty("--mood", reading ? `var(--${kind})` : "transparent");
    tile.style.setProperty("--row", row + 1);
    tile.style.setProperty("--column", column + 1);
    Object.assign(tile.dataset, {slot, row, column});
    tile.style.order = slot;
  }

  function show(all) {
    parts = all;
    const map = byId("live-tiles-map");
    const wanted = Object.keys(parts).filter((name) => name.startsWith("student-") || name.startsWith("tile-"));
    const there = new Map([...map.children].map((tile) => [tile.dataset.part, tile]));
    for (const [name, tile] of there) if (!wanted.includes(name)) remove(tile);
    for (const name of wanted) {
      if (!there.has(name)) there.set(name, map.appendChild(newTile(name)));
      fill(there.get(name), parts[name]);
    }
    sort(map);
    flagged(map);
    const [rows, columns] = parts.grid || [1, 2];
    map.style.setProperty("--columns", columns);
    map.classList.toggle("dense", rows > 5);
    hide("live-tiles-none", wanted.length > 0);
    text("live-tiles-title", wanted.length ? `Who shows what (${wanted.length})` : "Who shows what");
    if (pointed && Date.now() - askedAt > AGAIN_MS) point(pointed);
  }

  /** A screen reader and the keyboard follow the order in the page, not the one on the screen. */
  function sort(map) {
    const sorted = [...map.children].sort((a, b) => a.dataset.slot - b.dataset.slot);
    if (sorted.some((tile, i) => map.children[i] !== tile)) {
      const focused = document.activeElement;
      map.append(...sorted);
      if (map.contains(focused)) focused.focus();
    }
    const faces = [...map.querySelectorAll(".tile-face")];
    if (faces.length && !faces.some((face) => face.tabIndex === 0)) faces[0].tabIndex = 0;
  }

  function flagged(map) {
    const flags = (parts.prompts || []).map((id) => parts[`flag-${id}`]).filter((flag) => !flag[8]);
    const students = new Set(flags.map((flag) => `student-${flag[0]}`));
    for (const tile of map.children) tile.classList.toggle("flagged", students.has(tile.dataset.part));
  }

  function remove(tile) {
    if (tile === pointed) unpoint();
    tile.remove();
  }

  function numberOf(tile) {
    return tile.dataset.part.startsWith("student-") ? Number(tile.dataset.part.slice("student-".length)) : null;
  }

  function point(tile) {
    const student = numberOf(tile);
    if (student === null || !parts.session) return;
    if (tile !== pointed) byId("live-minute-cells").replaceChildren();
    pointed = tile;
    askedAt = Date.now();
    setProps("live-pointed", {data: {session: parts.session.id, student, at: askedAt}});
  }

  function unpoint() {
    window.clearTimeout(timer);
    pointed = null;
    hide("live-minute", true);
  }

  function showMinute(minute) {
    if (!minute || !pointed || numberOf(pointed) !== minute.student) return;
    text("live-minute-name", parts[pointed.dataset.part][1]);
    text("live-minute-words", `${pointed.dataset.looks}. Last minute: ${minute.words}`);
    byId("live-minute-cells").replaceChildren(...minute.cells.map((kind) => {
      const cell = document.createElement("span");
      cell.style.background = `var(--${kind || "none-there"}, transparent)`;
      return cell;
    }));
    hide("live-minute", false);
    place(byId("live-minute"), pointed.getBoundingClientRect());
  }

  function place(box, tile) {
    const below = tile.bottom + 6;
    const top = below + box.offsetHeight < window.innerHeight ? below : tile.top - box.offsetHeight - 6;
    const left = Math.min(tile.left, window.innerWidth - box.offsetWidth - 8);
    box.style.top = `${Math.max(8, top)}px`;
    box.style.left = `${Math.max(8, left)}px`;
  }

  function next(tile, key) {
    const tiles = [...byId("live-tiles-map").children];
    const at = tiles.indexOf(tile);
    if (key === "ArrowRight") return tiles[at + 1];
    if (key === "ArrowLeft") return tiles[at - 1];
    if (key === "Home") return tiles[0];
    if (key === "End") return tiles[tiles.length - 1];
    const row = Number(tile.dataset.row) + {ArrowDown: 1, ArrowUp: -1}[key];
    const far = (one) => Math.abs(one.dataset.column - tile.dataset.column);
    return tiles.filter((one) => Number(one.dataset.row) === row).sort((a, b) => far(a) - far(b))[0];
  }

  function onKey(event) {
    if (event.key === "Escape") unpoint();
    const tile = event.target.closest(".tile");
    if (!tile || !["ArrowRight", "ArrowLeft", "ArrowUp", "ArrowDown", "Home", "End"].includes(event.key)) return;
    event.preventDefault();
    const other = next(tile, event.key);
    if (!other) return;
    tile.firstChild.tabIndex = -1;
    other.firstChild.tabIndex = 0;
    other.firstChild.focus();
  }

  function onClick(event) {
    const tile = event.target.closest(".tile");
    const student = tile && numberOf(tile);
    if (!student) return;
    unpoint();
    const others = Object.keys(parts).filter((name) => name.startsWith("student-") && name !== tile.dataset.part)
      .map((name) => ({value: name.slice("student-".length), label: parts[name][1]}));
    window.classmoodLive.askWho(student, parts[tile.dataset.part][1], others);
  }

  function onOver(event) {
    const tile = event.target.closest(".tile");
    if (tile === pointed) return;
    window.clearTimeout(timer);
    if (tile) timer = window.setTimeout(point, POINT_MS, tile);
    else if (pointed && !pointed.contains(document.activeElement)) unpoint();
  }

  function onFocus(event) {
    const tile = event.target.closest(".tile");
    if (tile && event.target.matches(":focus-visible")) point(tile);
    else if (pointed && !tile) unpoint();
  }

  document.addEventListener("pointerover", onOver);
  document.addEventListener("focusin", onFocus);
  document.addEventListener("keydown", onKey);
  document.addEventListener("click", onClick);
  document.addEventListener("scroll", unpoint, {capture: true, passive: true});
  window.classmoodLive.follow(show);
  window.classmoodLive.offer({showMinute});
})();
