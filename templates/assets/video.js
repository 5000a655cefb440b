// Loads a video into the page when it is asked for, and not before. Without
// this file the link leads to the video where it lives.
for (const box of document.querySelectorAll("[data-video]")) {
  box.querySelector(".video-play").addEventListener("click", (e) => {
    e.preventDefault();
    const frame = document.createElement("iframe");
    frame.src = box.dataset.video;
    frame.title = box.dataset.title;
    frame.allow = "autoplay; fullscreen; picture-in-picture";
    frame.allowFullscreen = true;
    box.replaceChildren(frame);
    frame.focus();
  });
}
