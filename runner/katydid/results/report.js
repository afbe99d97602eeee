"use strict";
// Sorting, finding and the cursor of the charts. The page says everything without this.
(function () {
  var root = document.documentElement;
  root.classList.add("js");

  function value(row, column, numeric) {
    var cell = row.cells[column];
    if (!numeric) return cell.textContent.toLowerCase();
    var text = cell.dataset.v || cell.textContent.replace(/[\s,%<>]/g, "");
    var number = parseFloat(text);
    return isNaN(number) ? -Infinity : number;
  }

  function sort(table, head) {
    var column = head.cellIndex, numeric = head.classList.contains("n");
    var before = head.getAttribute("aria-sort");
    var up = before ? before === "descending" : !numeric;
    table.querySelectorAll("th[aria-sort]").forEach(function (th) { th.removeAttribute("aria-sort"); });
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    var rows = Array.prototype.map.call(table.tBodies[0].rows, function (row, i) {
      return { row: row, key: value(row, column, numeric), i: i };
    });
    rows.sort(function (a, b) {
      var order = a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
      return (up ? order : -order) || a.i - b.i;
    });
    rows.forEach(function (entry) { table.tBodies[0].appendChild(entry.row); });
  }

  document.querySelectorAll("table.sortable").forEach(function (table) {
    table.querySelectorAll("thead th:not(.x)").forEach(function (head) {
      head.tabIndex = 0;
      head.addEventListener("click", function () { sort(table, head); });
      head.addEventListener("keydown", function (event) {
        if (event.key === "Enter" || event.key === " ") { event.preventDefault(); sort(table, head); }
      });
    });
    if (table.tBodies[0].rows.length < 15) return;
    var find = document.createElement("input");
    find.className = "find";
    find.type = "search";
    find.placeholder = "Find in this table";
    find.setAttribute("aria-label", "Find in this table");
    find.addEventListener("input", function () {
      var wanted = find.value.toLowerCase();
      Array.prototype.forEach.call(table.tBodies[0].rows, function (row) {
        row.hidden = row.textContent.toLowerCase().indexOf(wanted) < 0;
      });
    });
    table.parentNode.parentNode.insertBefore(find, table.parentNode);
  });

  window.addEventListener("beforeprint", function () {
    document.querySelectorAll("details").forEach(function (details) { details.open = true; });
  });

  var source = document.getElementById("data");
  if (!source) return;
  var data = JSON.parse(source.textContent), plots = document.querySelectorAll(".canvas"), lines = [];

  function show(i) {
    lines.forEach(function (line) {
      line.hidden = i < 0;
      if (i >= 0) line.style.left = 100 * data.x[i] + "%";
    });
    document.querySelectorAll(".key").forEach(function (key) {
      var v = i < 0 ? null : data.s[key.dataset.k][i];
      key.querySelector("output").textContent = i < 0 ? "" : v === null ? "\u2013" : String(v);
    });
    document.querySelectorAll(".chart small").forEach(function (unit) {
      if (unit.dataset.u === undefined) unit.dataset.u = unit.textContent;
      unit.textContent = i < 0 ? unit.dataset.u : unit.dataset.u + " at " + data.t[i];
    });
  }

  plots.forEach(function (plot) {
    var line = document.createElement("i");
    line.className = "cursor";
    line.hidden = true;
    plot.appendChild(line);
    lines.push(line);
    plot.addEventListener("pointermove", function (event) {
      var box = plot.getBoundingClientRect(), at = (event.clientX - box.left) / box.width, best = 0;
      data.x.forEach(function (x, i) { if (Math.abs(x - at) < Math.abs(data.x[best] - at)) best = i; });
      show(best);
    });
    plot.addEventListener("pointerleave", function () { show(-1); });
  });
})();
