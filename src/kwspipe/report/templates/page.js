// Plays a clip when it is clicked. Without this script the audio controls of the browser are visible.
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
