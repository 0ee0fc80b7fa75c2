// Plays clips, and shows the figures of a threshold on the DET curve. Without this script the audio controls of the
// browser are visible, and the slider is not.
"use strict";
document.documentElement.classList.add("js");
let playing = null;
function stop() {
  if (!playing) return;
  playing.audio.pause();
  playing.button.setAttribute("aria-pressed", "false");
  playing.cursor.classList.remove("on");
  playing = null;
}
function follow() {
  if (!playing) return;
  const { audio, cursor } = playing;
  cursor.style.left = 100 * audio.currentTime / (audio.duration || 1) + "%";
  requestAnimationFrame(follow);
}
for (const clip of document.querySelectorAll(".clip")) {
  const [audio, button, cursor] = ["audio", "button", ".cursor"].map((name) => clip.querySelector(name));
  audio.addEventListener("ended", stop);
  button.addEventListener("click", () => {
    const again = playing && playing.audio === audio;
    stop();
    if (again) return;
    audio.currentTime = 0;
    playing = { audio, button, cursor };
    button.setAttribute("aria-pressed", "true");
    cursor.classList.add("on");
    audio.play().then(follow, stop);
  });
}
for (const choice of document.querySelectorAll(".choice")) {
  const [input, output, code] = ["input", "output", "code"].map((name) => choice.querySelector(name));
  const figures = JSON.parse(choice.dataset.figures);
  const probes = [...choice.parentElement.querySelectorAll(".probe")].map((circle) => (
    { circle, places: new Map(circle.dataset.points.split(" ").map((place) => place.split(":"))) }
  ));
  const show = () => {
    const value = Number(input.value);
    const [threshold, text] = figures.findLast(([lowest]) => lowest <= value);
    output.textContent = `${value} of ${input.max} (${Math.round(100 * value / input.max)} %): ${text}`;
    code.textContent = `detector.detection_threshold=${value} detector.target_false_accepts_per_hour=null`;
    for (const { circle, places } of probes) {
      const [x, y] = places.get(String(threshold)).split(",");
      circle.setAttribute("cx", x);
      circle.setAttribute("cy", y);
    }
  };
  input.addEventListener("input", show);
  show();
}
