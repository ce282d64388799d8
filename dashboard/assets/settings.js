/* The settings in the browser: what was changed and not saved yet, and a word before it is lost. */
(() => {
  "use strict";
  let waiting = 0;

  function unsaved(_values, _checked, file) {
    const no = window.dash_clientside.no_update;
    if (!file) return [no, no];
    const controls = window.dash_clientside.callback_context.inputs_list.slice(0, 2).flat();
    const now = (control) => (control.value === undefined || control.value === null ? "" : control.value);
    const changed = controls.filter((control) => JSON.stringify(now(control)) !== JSON.stringify(file.values[control.id.key]));
    waiting = changed.length;
    const words = waiting ? `Not saved yet: ${changed.map((control) => control.id.key).join(", ")}` : "Everything is saved.";
    return [words, waiting === 0];
  }

  function overrule(values) {
    const keys = window.dash_clientside.callback_context.inputs_list[0].map((control) => control.id.key);
    const mode = keys.indexOf("privacy.mode");
    const inUnion = values[keys.indexOf("privacy.region")] === "eu";
    const decided = values.map((value, place) => (inUnion && place === mode ? "presence_only" : value));
    const changes = decided.some((value, place) => value !== values[place]);
    const same = values.map(() => window.dash_clientside.no_update);
    return [changes ? decided : same, keys.map((_key, place) => inUnion && place === mode), [!inUnion]];
  }

  window.addEventListener("beforeunload", (event) => {
    if (waiting && document.getElementById("settings-page")) event.preventDefault();
  });
  window.dash_clientside = Object.assign({}, window.dash_clientside, {settings: {unsaved, overrule}});
})();
