// What the live page runs: listens to /monitoring/events and draws. Plain JavaScript and SVG, without a library. Text only.

/// The script.
enum MonitoringScript {
    static let text = #"""
        "use strict";
        const KEPT = 120;
        const samples = [];
        let pointed = null; // where the pointer is, as a share of a plot's width

        const TILES = [
          { title: "Requests", unit: "/s", value: s => s.s1 + s.s2 + s.s3 + s.s4 + s.s5 },
          { title: "Median latency", unit: "ms", value: s => s.p50 },
          { title: "99 % within", unit: "ms", value: s => s.p99 },
          { title: "In flight", unit: "", value: s => s.inFlight },
          { title: "Processor", unit: "%", value: s => s.cpu },
          { title: "Memory", unit: "MiB", value: s => s.rss },
        ];
        const PLOTS = [
          { title: "Requests", unit: "a second, by status", least: 1, stacked: true,
            series: [["s2", "2xx", "green"], ["s3", "3xx", "blue"], ["s4", "4xx", "amber"], ["s5", "5xx", "red"]] },
          { title: "Latency", unit: "ms", least: 1, series: [["p50", "p50", "teal"], ["p90", "p90", "blue"], ["p99", "p99", "violet"]] },
          { title: "At this moment", unit: "", least: 4, whole: true,
            series: [["connections", "connections", "gray"], ["inFlight", "in flight", "blue"]] },
          { title: "Loop lag", unit: "ms, the latest loop", least: 5, filled: true, series: [["lag", "lag", "amber"]] },
          { title: "Loop jobs", unit: "a second", least: 10,
            series: [["loopJobs", "run", "blue"], ["fromElsewhere", "from elsewhere", "violet"], ["ready", "waiting", "red"]] },
          { title: "Database pool", unit: "connections", least: 4, whole: true,
            series: [["poolSize", "open", "gray"], ["poolInUse", "in use", "teal"], ["poolWaiters", "waiters", "red"]] },
          { title: "Statements", unit: "a second", least: 1, filled: true, series: [["statements", "statements", "teal"]] },
          { title: "Database and Redis", unit: "mean ms", least: 1, series: [["statementMs", "database", "teal"], ["redisMs", "Redis", "red"]] },
          { title: "Cache hits", unit: "% of look-ups", fixed: 100, filled: true, series: [["hitRatio", "hits", "green"]] },
          { title: "Cache look-ups", unit: "a second", least: 1, stacked: true, series: [["hits", "hits", "green"], ["misses", "misses", "amber"]] },
          { title: "Rate limiter", unit: "decisions a second", least: 1, stacked: true,
            series: [["allowed", "allowed", "blue"], ["refused", "refused", "red"]] },
          { title: "Jobs", unit: "by status", least: 4, whole: true,
            series: [["job_pending", "pending", "gray"], ["job_running", "running", "blue"], ["job_retrying", "retrying", "amber"],
                     ["job_succeeded", "succeeded", "green"], ["job_dead", "dead", "red"]] },
          { title: "Processor", unit: "% of one", least: 10, filled: true, series: [["cpu", "in use", "blue"]] },
          { title: "Memory", unit: "MiB", least: 16, filled: true, series: [["rss", "resident", "violet"]] },
          { title: "Descriptors", unit: "open", least: 16, whole: true, series: [["fds", "open", "gray"]] },
        ];

        // Elements

        function element(name, attributes = {}, ...children) {
          const made = document.createElement(name);
          for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
          made.append(...children);
          return made;
        }
        function drawn(name, attributes = {}, text = "") {
          const made = document.createElementNS("http://www.w3.org/2000/svg", name);
          for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
          if (text) made.textContent = text;
          return made;
        }

        // Figures

        function figure(value, whole) {
          if (value === null || value === undefined) return "\u2013";
          const size = Math.abs(value);
          if (size >= 1e6) return (value / 1e6).toFixed(size >= 1e7 ? 0 : 1) + "M";
          if (size >= 1e4) return (value / 1e3).toFixed(size >= 1e5 ? 0 : 1) + "k";
          if (whole || size >= 100 || value === 0) return Math.round(value).toString();
          return value.toFixed(size >= 10 ? 1 : 2);
        }
        /** The same for an axis, where zeros behind the point say nothing. */
        function tick(value) {
          return figure(value, false).replace(/(\.\d*?)0+(?=[kM]?$)/, "$1").replace(/\.(?=[kM]?$)/, "");
        }
        function duration(seconds) {
          const days = Math.floor(seconds / 86400), hours = Math.floor(seconds / 3600) % 24, minutes = Math.floor(seconds / 60) % 60;
          if (days) return `up ${days} d ${hours} h`;
          if (hours) return `up ${hours} h ${minutes} min`;
          return minutes ? `up ${minutes} min` : `up ${Math.floor(seconds)} s`;
        }
        /** The smallest round number that is not less. */
        function roundedUp(value) {
          const power = 10 ** Math.floor(Math.log10(value));
          return [1, 1.5, 2, 3, 4, 5, 6, 8, 10].find(step => step * power >= value * 0.999) * power;
        }

        // Plots

        function makePlot(plot) {
          const svg = drawn("svg", { role: "img", "aria-label": `${plot.title}, ${plot.unit}` });
          plot.svg = svg;
          plot.group = drawn("g", { class: plot.stacked ? "stack" : "" });
          plot.scale = drawn("g");
          plot.labels = drawn("g");
          plot.cross = drawn("line", { class: "cross", visibility: "hidden" });
          svg.append(plot.scale, plot.group, plot.cross, plot.labels);
          plot.legend = element("ul", { class: "legend" });
          plot.parts = plot.series.map(([key, label, color]) => {
            const area = plot.filled || plot.stacked ? drawn("path", { class: `area ${color}` }) : null;
            const line = drawn("path", { class: `line ${color}` });
            if (area) plot.group.append(area);
            plot.group.append(line);
            const value = element("b");
            const item = element("li", {}, element("span", { class: `key ${color}` }), label, value);
            plot.legend.append(item);
            return { key, area, line, value, item };
          });
          svg.addEventListener("pointermove", event => {
            const box = svg.getBoundingClientRect();
            pointed = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
            requestDrawing();
          });
          svg.addEventListener("pointerleave", () => { pointed = null; requestDrawing(); });
          return element("article", { class: "plot" },
            element("h2", {}, plot.title, element("small", {}, plot.unit)), plot.legend, svg);
        }

        /** Values of each series as they are drawn: stacked ones stand on those before them. */
        function heights(plot) {
          const below = new Array(samples.length).fill(0);
          return plot.parts.map(part => samples.map((sample, index) => {
            const value = sample[part.key];
            if (value === null || value === undefined) return null;
            if (!plot.stacked) return { from: 0, to: value };
            // A layer without height would still have an outline, on top of the others.
            if (value === 0) return null;
            const from = below[index];
            below[index] += value;
            return { from, to: below[index] };
          }));
        }

        function drawPlot(plot) {
          const width = plot.svg.clientWidth, height = plot.svg.clientHeight;
          if (!width || !height) return;
          const top = 8, bottom = height - 16, rows = heights(plot);
          const highest = Math.max(0, ...rows.flat().map(point => point ? point.to : 0));
          const limit = plot.fixed ?? roundedUp(Math.max(plot.least, highest));
          const x = index => width - (samples.length - 1 - index) * width / (KEPT - 1);
          const y = value => bottom - (bottom - top) * value / limit;
          const at = (index, value) => `${x(index).toFixed(1)} ${y(value).toFixed(1)}`;

          plot.scale.replaceChildren();
          plot.labels.replaceChildren();
          for (const share of [0, 0.5, 1]) {
            const line = Math.round(y(limit * share)) + 0.5;
            plot.scale.append(drawn("line", { class: "grid", x1: 0, x2: width, y1: line, y2: line }));
            if (share) plot.labels.append(drawn("text", { x: 0, y: line - 3 }, tick(limit * share)));
          }
          for (const [share, label, anchor] of [[0, "2 min ago", "start"], [0.5, "1 min", "middle"], [1, "now", "end"]]) {
            plot.labels.append(drawn("text", { x: width * share, y: height - 3, "text-anchor": anchor }, label));
          }

          plot.parts.forEach((part, row) => {
            let line = "", area = "", run = [];
            const endRun = () => {
              if (!run.length) return;
              line += "M" + run.map(index => at(index, rows[row][index].to)).join("L") + (run.length === 1 ? "h0" : "");
              area += "M" + run.map(index => at(index, rows[row][index].to)).join("L")
                + "L" + run.slice().reverse().map(index => at(index, rows[row][index].from)).join("L") + "Z";
              run = [];
            };
            rows[row].forEach((point, index) => point ? run.push(index) : endRun());
            endRun();
            part.line.setAttribute("d", line);
            if (part.area) part.area.setAttribute("d", area);
            // Kinds that never occur take no room.
            part.item.hidden = !samples.some(sample => sample[part.key] !== undefined);
          });

          const shown = shownIndex();
          for (const part of plot.parts) part.value.textContent = figure(samples[shown]?.[part.key], plot.whole || part.key === "ready");
          plot.cross.setAttribute("visibility", pointed === null ? "hidden" : "visible");
          if (pointed !== null) {
            for (const end of ["x1", "x2"]) plot.cross.setAttribute(end, x(shown));
            plot.cross.setAttribute("y1", top);
            plot.cross.setAttribute("y2", bottom);
          }
        }

        /** The sample under the pointer, else the latest. */
        function shownIndex() {
          if (pointed === null) return samples.length - 1;
          return Math.max(0, Math.min(samples.length - 1, Math.round(samples.length - 1 - (1 - pointed) * (KEPT - 1))));
        }

        // The page

        let isDrawingRequested = false;
        function requestDrawing() {
          if (isDrawingRequested) return;
          isDrawingRequested = true;
          requestAnimationFrame(draw);
        }
        function draw() {
          isDrawingRequested = false;
          const latest = samples[samples.length - 1];
          if (!latest) return;
          const shown = samples[shownIndex()];
          for (const tile of TILES) tile.figure.textContent = figure(tile.value(shown), tile.unit === "");
          document.getElementById("uptime").textContent = duration(latest.uptime);
          for (const plot of PLOTS) drawPlot(plot);
          const text = pointed === null ? "live" : new Date(shown.t).toLocaleTimeString();
          if (document.getElementById("state").className === "live") document.getElementById("state-text").textContent = text;
        }

        function setState(name, text) {
          document.getElementById("state").className = name;
          document.getElementById("state-text").textContent = text;
        }
        function take(sample) {
          samples.push(sample);
          if (samples.length > KEPT) samples.shift();
        }

        function listen() {
          const events = new EventSource("/monitoring/events");
          events.addEventListener("history", event => {
            samples.length = 0;
            for (const sample of JSON.parse(event.data)) take(sample);
            setState("live", "live");
            requestDrawing();
          });
          events.addEventListener("sample", event => {
            take(JSON.parse(event.data));
            requestDrawing();
          });
          events.addEventListener("error", () => {
            setState("lost", "reconnecting");
            // The browser comes back by itself unless it was refused: full, or stopping.
            if (events.readyState === EventSource.CLOSED) setTimeout(listen, 5000);
          });
        }

        for (const tile of TILES) {
          tile.figure = element("span", {}, "\u2013");
          document.getElementById("tiles").append(element("article", { class: "tile" },
            element("h2", {}, tile.title), element("p", {}, tile.figure, element("small", {}, tile.unit))));
        }
        document.getElementById("plots").append(...PLOTS.map(makePlot));
        new ResizeObserver(requestDrawing).observe(document.getElementById("plots"));
        listen();

        """#
}
