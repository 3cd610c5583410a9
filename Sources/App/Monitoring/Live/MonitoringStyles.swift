// How the live page looks, by day and by night, on a desk and on a phone. Text only.

/// The style sheet.
enum MonitoringStyles {
    static let text = """
        :root {
          color-scheme: light dark;
          --ground: #f5f6f8; --card: #ffffff; --edge: #e3e6eb; --ink: #171b22; --soft: #5b6472; --grid: #e9ecf0;
          --blue: #2f6fed; --teal: #0f9b8e; --amber: #d98a00; --red: #d6363f; --violet: #7f56d9; --gray: #8a93a1; --green: #2a9d4e;
        }
        @media (prefers-color-scheme: dark) {
          :root {
            --ground: #0e1116; --card: #161b22; --edge: #262d37; --ink: #e8ebf0; --soft: #97a1b0; --grid: #232a34;
            --blue: #6ea2ff; --teal: #3fcbbd; --amber: #f0b04a; --red: #ff7078; --violet: #b197fc; --gray: #8e98a6; --green: #5fcf80;
          }
        }
        * { box-sizing: border-box; }
        body {
          margin: 0; padding: 0 1.25rem 2rem; background: var(--ground); color: var(--ink);
          font: 14px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; font-variant-numeric: tabular-nums;
        }
        header, main { max-width: 84rem; margin: 0 auto; }
        header { display: flex; flex-wrap: wrap; align-items: baseline; gap: .4rem 1rem; padding: 1.1rem 0 .9rem; }
        h1 { margin: 0; font-size: 1.3rem; letter-spacing: -.01em; }
        header p { margin: 0; }
        .facts { color: var(--soft); }
        .facts span { margin-left: .6rem; }
        nav { margin-left: auto; }
        nav a { color: var(--blue); text-decoration: none; margin-left: 1rem; }
        nav a:hover, nav a:focus-visible { text-decoration: underline; }
        #state { display: inline-flex; align-items: center; gap: .4rem; font-weight: 600; font-size: .85rem; }
        .dot { width: .6rem; height: .6rem; border-radius: 50%; background: var(--amber); }
        #state.live .dot { background: var(--green); animation: beat 1s ease-out infinite; }
        #state.lost .dot { background: var(--red); }
        @keyframes beat { from { box-shadow: 0 0 0 0 color-mix(in srgb, var(--green) 55%, transparent); } to { box-shadow: 0 0 0 .45rem transparent; } }
        @media (prefers-reduced-motion: reduce) { #state.live .dot { animation: none; } }

        #tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .75rem; margin-bottom: .75rem; }
        .tile, .plot { background: var(--card); border: 1px solid var(--edge); border-radius: .7rem; }
        .tile { padding: .65rem .9rem .7rem; }
        .tile h2 { margin: 0; font-size: .78rem; font-weight: 500; color: var(--soft); }
        .tile p { margin: 0; font-size: 1.65rem; line-height: 1.25; font-weight: 600; letter-spacing: -.02em; white-space: nowrap; }
        .tile small { font-size: .85rem; font-weight: 500; color: var(--soft); letter-spacing: 0; margin-left: .2rem; }

        #plots { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 20rem), 1fr)); gap: .75rem; }
        .plot { padding: .75rem .9rem .6rem; min-width: 0; display: flex; flex-direction: column; }
        .plot h2 { margin: 0; font-size: .92rem; font-weight: 600; }
        .plot h2 small { font-weight: 400; color: var(--soft); margin-left: .35rem; }
        .legend { display: flex; flex-wrap: wrap; gap: 0 .9rem; margin: .1rem 0 .35rem; padding: 0; list-style: none; min-height: 1.3rem; }
        .legend li { display: inline-flex; align-items: baseline; gap: .35rem; color: var(--soft); font-size: .8rem; white-space: nowrap; }
        .legend b { color: var(--ink); font-weight: 600; min-width: 2.1em; }
        .key { width: .6rem; height: .6rem; border-radius: .15rem; align-self: center; background: currentColor; }
        svg { display: block; width: 100%; height: 8.5rem; margin-top: auto; overflow: visible; touch-action: pan-y; cursor: crosshair; }
        svg text { fill: var(--soft); font-size: 10.5px; paint-order: stroke; stroke: var(--card); stroke-width: 3px; stroke-linejoin: round; }
        .grid { stroke: var(--grid); stroke-width: 1; shape-rendering: crispEdges; }
        .cross { stroke: var(--soft); stroke-width: 1; stroke-dasharray: 3 3; }
        .line { fill: none; stroke: currentColor; stroke-width: 1.75; stroke-linejoin: round; stroke-linecap: round; }
        .area { fill: currentColor; fill-opacity: .16; stroke: none; }
        .stack .area { fill-opacity: .42; }
        .blue { color: var(--blue); } .teal { color: var(--teal); } .amber { color: var(--amber); } .red { color: var(--red); }
        .violet { color: var(--violet); } .gray { color: var(--gray); } .green { color: var(--green); }
        .note { max-width: 84rem; margin: 0 auto; color: var(--soft); }
        @media (max-width: 36rem) {
          body { padding: 0 .75rem 1.5rem; }
          nav { margin-left: 0; width: 100%; }
          nav a { margin: 0 1rem 0 0; }
          #tiles { grid-template-columns: repeat(2, 1fr); gap: .5rem; }
          #plots { gap: .5rem; }
        }

        """
}
