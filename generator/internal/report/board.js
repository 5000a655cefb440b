// Lets a lead be dragged into the column of another stage: the form it carries is
// then filled in and sent, as if somebody had chosen the stage and pressed Move.
const board = document.querySelector(".board");
let dragged = null;

// No lead goes back to new, or into a stage the site has no longer.
const option = (column) => column && [...dragged.querySelector("select").options].find((o) => o.value === column.dataset.stage);
const target = (event) => {
  const column = dragged && event.target.closest(".board section");
  return column && !column.contains(dragged) && option(column) ? column : null;
};
const mark = (column) => {
  for (const other of board.querySelectorAll("section")) other.classList.toggle("over", other === column);
};

for (const card of board?.querySelectorAll("li") ?? []) {
  card.draggable = true;
  for (const link of card.querySelectorAll("a")) link.draggable = false; // the card is dragged, not its address
}
board?.addEventListener("dragstart", (event) => {
  dragged = event.target.closest?.("li[draggable]") ?? null;
  if (!dragged) return;
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", dragged.querySelector("a").textContent); // without data some browsers drag nothing
});
board?.addEventListener("dragover", (event) => {
  const column = target(event);
  mark(column);
  if (column) event.preventDefault(); // may be dropped here
});
board?.addEventListener("drop", (event) => {
  const column = target(event);
  if (!column) return;
  event.preventDefault();
  option(column).selected = true;
  dragged.querySelector("form").requestSubmit();
});
board?.addEventListener("dragend", () => {
  mark(null);
  dragged = null;
});
