// The slider of a task's circuits: how many of the strongest edges are drawn.
for (const figure of document.querySelectorAll(".circuits")) {
  const slider = figure.querySelector("input.size");
  const told = figure.querySelector("output");
  const edges = [...figure.querySelectorAll(".edges path[data-rank]")].map((path) => ({
    path,
    rank: Number(path.dataset.rank),
    other: Number(path.dataset.other ?? Infinity),
    own: path.closest("svg").getAttribute("aria-labelledby").includes("circuit-arm") ? "arm" : "mdm",
  }));
  const draw = () => {
    const size = Number(slider.value);
    let both = 0;
    for (const { path, rank, other, own } of edges) {
      const shared = other <= size;
      path.setAttribute("class", (shared ? "shared" : own) + (rank > size ? " off" : ""));
      if (shared && rank <= size && own === "arm") both += 1;
    }
    told.textContent = `${size} edge${size === 1 ? "" : "s"} each, ${both} in both`;
  };
  slider.disabled = false;
  // A browser may keep the slider where it was left before a reload.
  draw();
  slider.addEventListener("input", draw);
}
