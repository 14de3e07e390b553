"""What a report's page adds to the style of the coverage page, with which it shares its looks."""

from __future__ import annotations

from typing import Final

from ..page_style import STYLE as SHARED

LIGHT: Final = """--f0: #2560a3; --f1: #e08a1e; --f2: #b5432a; --f3: #8a94a3; --f4: #c6ccd5;
  --f5: #2f8f6b; --f6: #8a5bb0; --f7: #c2588d;"""
DARK: Final = """--f0: #68a4e0; --f1: #f0ac4e; --f2: #e5755a; --f3: #8b96a6; --f4: #4d5868;
  --f5: #57bd95; --f6: #b591d8; --f7: #e38db8;"""
PAPER: Final = """--ink: #1c2430; --dim: #4b5563; --line: #cfd5dd; --back: #fff; --soft: #f4f6f9;
  --warn: #a3341a;"""

STYLE: Final = (
    SHARED
    + f":root {{ {LIGHT} }} @media (prefers-color-scheme: dark) {{ :root {{ {DARK} }} }}"
    + """
.chart { display: block; width: 100%; height: auto; overflow: visible; }
.chart text { fill: var(--ink); font: 13px system-ui, -apple-system, "Segoe UI", sans-serif; }
.chart .tick { text-anchor: end; fill: var(--dim); } .chart .name { text-anchor: middle; }
.chart .grid { display: inline; stroke: var(--line); stroke-width: 1; }
.chart rect { stroke: var(--back); stroke-width: 1; }
"""
    + "".join(f".f{n} {{ fill: var(--f{n}); background: var(--f{n}); }} " for n in range(8))
    + """
figure { margin: 0 0 1rem; } figcaption { color: var(--dim); font-size: .85rem; }
.series { list-style: none; margin: 0 0 .6rem; padding: 0; display: flex; flex-wrap: wrap;
  gap: .25rem 1rem; color: var(--dim); font-size: .85rem; }
.series .key { display: inline-block; vertical-align: -.1em; margin-right: .4rem; }
.said { margin: .25rem 0 1.5rem; padding: 0; list-style: none; color: var(--dim); }
.note { color: var(--dim); font-size: .85rem; max-width: 46rem; }
.tables { display: grid; gap: 0 3rem; grid-template-columns: repeat(auto-fit, minmax(24rem, 1fr)); }
.tables > section { min-width: 0; }
table.figures td, table.figures th { vertical-align: baseline; }
table.figures td:nth-child(3) { min-width: 0; } table.figures td.text { min-width: 0; }
table.figures .says { min-width: 15rem; } table.figures .cite { font-size: .8rem; }
table.figures th[scope=row] { color: inherit; font-weight: 400; }
table.figures .n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
table.figures tfoot td, table.figures tfoot th { font-weight: 600; border-bottom: 0;
  border-top: 2px solid var(--line); color: inherit; }
table.figures caption { text-align: left; color: var(--dim); font-size: .85rem;
  padding-bottom: .25rem; }
table.figures .thing { font: .85em ui-monospace, SFMono-Regular, Menlo, monospace;
  overflow-wrap: anywhere; min-width: 9rem; }
.numbers dd { font-size: 1.15rem; overflow-wrap: anywhere; }
.aside { display: grid; gap: 0 3rem; grid-template-columns: 3fr 2fr; align-items: start; }
@media (max-width: 820px) { .tables, .aside { grid-template-columns: 1fr; } }
@page { margin: 14mm; }
@media print {
  :root { color-scheme: light; """
    + PAPER
    + LIGHT
    + """ }
  body { font-size: 10pt; -webkit-print-color-adjust: exact; print-color-adjust: exact; }
  main { max-width: none; padding: 0; } h2 { break-after: avoid; }
  figure, tr, .numbers div { break-inside: avoid; } thead { display: table-header-group; }
  tfoot { display: table-row-group; } .wide { overflow: visible; }
}
"""
)
