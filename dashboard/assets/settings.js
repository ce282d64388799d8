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

  window.addEventListener("beforeunload", (event) => {
    if (waiting && document.getElementById("settings-page")) event.preventDefault();
  });
  window.dash_clientside = Object.assign({}, window.dash_clientside, {settings: {unsaved}});
})();
