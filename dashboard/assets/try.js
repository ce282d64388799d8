/* Try: the browser's own camera, a few frames a second straight to the reader (tryout/server.py), and what it answers
   drawn over the picture. Nothing is kept. */
(() => {
  "use strict";
  const EVERY_MS = 250;        // four frames a second show a change of face as it comes
  const MOST_PX = 640;         // a face at a desk is then 150 pixels wide, three times what a reading needs
  const JPEG_QUALITY = 0.85;
  const TOO_MANY = 429;
  const ABSTAINED = {
    too_small: "Too small to be read: come closer", blurred: "Blurred: hold still, or turn on a light",
    half_covered: "Half covered or turned away", uncertain_face: "Perhaps not a face",
  };
  const byId = (id) => document.getElementById(id);
  const grabbed = document.createElement("canvas");
  let door = null;
  let stream = null;
  let timer = null;

  function say(words) {
    if (byId("try-said").textContent !== words) byId("try-said").textContent = words;
  }

  function showRunning(running) {
    byId("try-start").hidden = running;
    byId("try-stop").hidden = !running;
    byId("try-off").hidden = running;
  }

  function stop(words) {
    window.clearTimeout(timer);
    for (const track of stream ? stream.getTracks() : []) track.stop();
    stream = null;
    if (!byId("try-page")) return;
    byId("try-video").srcObject = null;
    draw([], 1, 1);
    tell(null);
    showRunning(false);
    say(words || "");
  }

  function frame() {
    const video = byId("try-video");
    const scale = Math.min(1, MOST_PX / Math.max(video.videoWidth, video.videoHeight));
    grabbed.width = Math.round(video.videoWidth * scale);
    grabbed.height = Math.round(video.videoHeight * scale);
    grabbed.getContext("2d").drawImage(video, 0, 0, grabbed.width, grabbed.height);
    return new Promise((done) => grabbed.toBlob(done, "image/jpeg", JPEG_QUALITY));
  }

  async function read() {
    const where = door.port ? `http://${window.location.hostname}:${door.port}` : "";  // else its front passes frames on
    const answer = await fetch(`${where}/try/read`, {
      method: "POST", body: await frame(), credentials: "omit", cache: "no-store", referrerPolicy: "no-referrer",
      headers: {Authorization: `Bearer ${door.ticket}`, "Content-Type": "image/jpeg"},
    });
    if (answer.status === TOO_MANY) return null;  // another tab reads too
    const told = await answer.json();
    if (!answer.ok) throw new Error(told.error);
    return told;
  }

  function draw(faces, width, height) {
    const canvas = byId("try-boxes");
    const look = getComputedStyle(document.documentElement);
    const pen = canvas.getContext("2d");
    canvas.width = width;
    canvas.height = height;
    pen.lineWidth = Math.max(2, width / 240);
    for (const face of faces) {
      const [left, top, right, bottom] = face.box;
      pen.strokeStyle = look.getPropertyValue(face.emotions ? "--happy" : "--neutral");
      pen.setLineDash(face.emotions ? [] : [8, 6]);
      pen.strokeRect(width - right, top, right - left, bottom - top);  // mirrored as the picture is
    }
  }

  function leading(face) {
    if (!face) return "No face in sight";
    if (!face.emotions) return ABSTAINED[face.abstained] || `Not read: ${face.abstained.replaceAll("_", " ")}`;
    const [emotion] = Object.entries(face.emotions).reduce((best, one) => (one[1] > best[1] ? one : best));
    return byId(`try-bar-${emotion}`).closest("li").querySelector(".try-word").textContent;
  }

  function tell(reading) {
    const face = reading && reading.faces[0];
    const bars = document.querySelectorAll(".try-bars li");
    for (const bar of bars) {
      const emotion = bar.querySelector(".try-track > span").id.replace("try-bar-", "");
      const share = face && face.emotions ? face.emotions[emotion] : null;
      byId(`try-bar-${emotion}`).style.width = share === null ? "0" : `${100 * share}%`;
      byId(`try-share-${emotion}`).textContent = share === null ? "–" : `${Math.round(100 * share)} %`;
    }
    byId("try-leading").textContent = reading ? leading(face) : "No reading yet";
    byId("try-height").textContent = face ? `${face.height} pixels` : "–";
    byId("try-sharpness").textContent = face ? face.sharpness.toFixed(2) : "–";
    byId("try-took").textContent = reading ? `${Math.round(reading.took_ms)} ms` : "–";
  }

  function show(reading) {
    draw(reading.faces, ...reading.size);
    tell(reading);
    const others = reading.faces.length - 1;
    say(others > 0 ? `And ${others} more ${others === 1 ? "face" : "faces"}; the largest one is told.` : "");
  }

  async function step() {
    if (!stream || !byId("try-page")) return;
    try {
      if (!document.hidden) {
        const reading = await read();
        if (!stream) return;
        if (reading) show(reading);
      }
    } catch (error) {
      const gone = error instanceof TypeError;  // what fetch throws where nobody answers
      stop(gone ? "The reader does not answer. Reload this page to start it anew." : error.message);
      return;
    }
    timer = window.setTimeout(step, EVERY_MS);
  }

  const REFUSED = {
    NotAllowedError: "The camera was not allowed. Allow it beside the address, reload this page, and start again.",
    NotFoundError: "No camera was found. Connect one and start again.",
    NotReadableError: "The camera is in use by another program. Close that program and start again.",
  };

  async function begin(opened) {
    if (!opened || !byId("try-page")) return window.dash_clientside.no_update;
    door = opened;
    try {
      const picture = {width: {ideal: MOST_PX}, height: {ideal: (MOST_PX * 3) / 4}};
      stream = await navigator.mediaDevices.getUserMedia({video: picture, audio: false});
      stream.getVideoTracks()[0].addEventListener("ended", () => stop("The camera was disconnected."));
      const video = byId("try-video");
      video.srcObject = stream;
      await video.play();
      byId("try-stage").style.aspectRatio = `${video.videoWidth} / ${video.videoHeight}`;
    } catch (error) {
      stop(REFUSED[error.name] || `The camera cannot be opened (${error.name}).`);
      return "off";
    }
    showRunning(true);
    say("Reading…");
    step();
    return "on";
  }

  document.addEventListener("click", (event) => {
    if (event.target.id === "try-stop") stop("The camera is off.");
  });
  window.addEventListener("pagehide", () => stop());
  window.dash_clientside = Object.assign({}, window.dash_clientside, {tryout: {begin}});
})();
