// Sorting, filtering, and an address for either: #sort=NAME&order=down&text=…&status=…&row=NAME.
(() => {
  const table = document.getElementById("board");
  const body = table.tBodies[0];
  const told = document.getElementById("shown");
  const filters = document.querySelector(".filters");
  const controls = [...filters.querySelectorAll("[data-filter]")];
  const buttons = [...table.querySelectorAll("button.sort")];
  const last = [...table.tHead.rows[1].cells];
  const columns = buttons.map((button) => button.dataset.sort);
  const cellOf = { rank: 0, pair: 1 };
  last.forEach((cell, index) => (cellOf[cell.querySelector("button").dataset.sort] = index + 2));

  // Read once: what is compared when rows are sorted, and searched when they are filtered.
  const rows = [...body.rows].map((row, index) => {
    const value = {};
    for (const name of columns) {
      const cell = row.cells[cellOf[name]];
      const given = cell.dataset.value;
      value[name] = name === "pair" ? row.dataset.pair : given && Number(given);
    }
    return { row, index, value, text: `${row.dataset.name} ${row.dataset.pair}`.toLowerCase() };
  });
  let state = { sort: "", order: "", row: "" };

  const compare = (name, sign) => (one, other) => {
    const a = one.value[name];
    const b = other.value[name];
    // What is missing stands last, whichever way.
    if (a === undefined || b === undefined) return (a === undefined) - (b === undefined) || one.index - other.index;
    const difference = typeof a === "string" ? a.localeCompare(b) : a - b;
    return sign * difference || one.index - other.index;
  };

  const exact = ["status", "family", "control"];
  const anyOf = ["verdict", "attribution"];
  let sorted = false;
  const sort = () => {
    const { sort: name, order } = state;
    sorted = Boolean(name);
    for (const button of buttons) {
      const chosen = button.dataset.sort === name;
      button.closest("th").setAttribute("aria-sort", chosen ? (order === "up" ? "ascending" : "descending") : "none");
    }
    const by = name ? compare(name, order === "up" ? 1 : -1) : (one, other) => one.index - other.index;
    body.append(...[...rows].sort(by).map(({ row }) => row));
  };

  const filter = () => {
    const wanted = Object.fromEntries(controls.map((control) => [control.dataset.filter, control.value]));
    const words = wanted.text.trim().toLowerCase().split(/\s+/);
    let left = 0;
    for (const { row, text } of rows) {
      const fits =
        words.every((word) => text.includes(word)) &&
        exact.every((name) => !wanted[name] || row.dataset[name] === wanted[name]) &&
        // A row has a verdict on either suite.
        anyOf.every((name) => !wanted[name] || (row.dataset[name] ?? "").split("|").includes(wanted[name]));
      row.hidden = !fits;
      left += fits;
    }
    const button = buttons.find((each) => each.dataset.sort === state.sort);
    const group = button?.closest("th").dataset.full;
    const ofVerdicts = state.sort.startsWith("verdict_");
    const most = ofVerdicts ? "what changed most first" : "largest first";
    const order = state.order === "up" ? (ofVerdicts ? "what changed least first" : "smallest first") : most;
    told.textContent = `${left} of ${rows.length} rows` + (button ? `, by ${group ?? button.textContent}, ${order}` : "");
  };

  const write = () => {
    const given = new URLSearchParams();
    for (const [name, value] of Object.entries(state)) if (value) given.set(name, value);
    for (const control of controls) if (control.value) given.set(control.dataset.filter, control.value);
    const hash = given.size ? `#${given}` : location.pathname + location.search;
    try {
      history.replaceState(null, "", hash);
    } catch {
      // Some browsers refuse it for a page that is a file: then there is no address to copy.
    }
  };

  const mark = () => {
    for (const { row } of rows) row.classList.toggle("chosen", row.dataset.name === state.row);
  };

  // Only what it knows is taken from an address; anything else is as if it were not there.
  const read = () => {
    const given = new URLSearchParams(location.hash.slice(1));
    if (location.hash && ![...given.values()].some(Boolean)) return;
    const name = given.get("sort") ?? "";
    state.sort = columns.includes(name) ? name : "";
    state.order = state.sort ? (given.get("order") === "up" ? "up" : "down") : "";
    state.row = given.get("row") ?? "";
    for (const control of controls) {
      control.value = given.get(control.dataset.filter) ?? "";
      if (control.selectedIndex === -1) control.value = "";
    }
    if (state.sort || sorted) sort();
    filter();
    mark();
    const chosen = rows.find(({ row }) => row.dataset.name === state.row);
    chosen?.row.scrollIntoView({ block: "center" });
  };

  for (const button of buttons) {
    button.disabled = false;
    button.addEventListener("click", () => {
      const name = button.dataset.sort;
      const first = ["rank", "pair"].includes(name) ? "up" : "down";
      const again = state.sort === name;
      state = { ...state, sort: name, order: again ? (state.order === "up" ? "down" : "up") : first };
      sort();
      filter();
      write();
    });
  }
  for (const control of controls) {
    control.addEventListener("input", () => {
      filter();
      write();
    });
  }
  document.getElementById("reset").addEventListener("click", () => {
    for (const control of controls) control.value = "";
    state = { sort: "", order: "", row: "" };
    sort();
    filter();
    mark();
    write();
  });
  body.addEventListener("click", (event) => {
    const link = event.target.closest("a.permalink");
    if (!link) return;
    // As an address of its own it would drop how the rows are sorted.
    event.preventDefault();
    const { name } = link.closest("tr").dataset;
    state.row = state.row === name ? "" : name;
    mark();
    write();
  });
  // Rows as grids of columns of one width: then the browser lays out those in sight and no others, and a press is
  // quick on a board of any length. What a table says to a screen reader it has to be told again.
  const roles = { TABLE: "table", THEAD: "rowgroup", TBODY: "rowgroup", TR: "row", TD: "cell" };
  for (const element of [table, table.tHead, body, ...table.querySelectorAll("tr, td, th")]) {
    const ofHead = element.closest("tbody") ? "rowheader" : "columnheader";
    element.setAttribute("role", roles[element.tagName] ?? ofHead);
  }
  for (const cell of table.tHead.rows[0].cells) if (cell.colSpan > 1) cell.style.gridColumn = `span ${cell.colSpan}`;
  table.style.setProperty("--columns", last.length);
  table.classList.add("quick");
  addEventListener("hashchange", read);
  filters.hidden = false;
  read();
})();
