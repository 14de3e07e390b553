"""How our pages begin and look; style and script stand in the page itself."""

from __future__ import annotations

from html import escape
from typing import Final

STYLE: Final = """
:root { color-scheme: light dark; --ink: #1c2430; --dim: #5b6675; --line: #d8dde4; --back: #fff;
  --soft: #f4f6f9; --warn: #a3341a;
  --s0: #eef1f5; --s1: #cfe0f3; --s2: #9fc3e8; --s3: #4480c4; --s4: #2560a3; --s5: #0f3768; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6eaf0; --dim: #9aa6b5; --line: #333c48;
  --back: #12161c; --soft: #1a2028; --warn: #ff9a7d;
  --s0: #222a34; --s1: #17324f; --s2: #1d4b7a; --s3: #2f70b0; --s4: #68a4e0; --s5: #b9d8f7; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; }
main { max-width: 1080px; margin: 0 auto; padding: 2rem 1.25rem 6rem; }
h1 { font-size: 1.7rem; margin: 0; } h2 { font-size: 1.2rem; margin: 2.5rem 0 .75rem; }
h3 { font-size: .95rem; margin: 1.25rem 0 .4rem; }
.sub { color: var(--dim); margin: .25rem 0 1.5rem; }
code { font: .88em ui-monospace, SFMono-Regular, Menlo, monospace; }
em { font-style: normal; color: var(--warn); font-weight: 600; }
small { color: var(--dim); }
dl { margin: 0; } dd { margin: 0; }
.numbers { display: grid; gap: .75rem; grid-template-columns: repeat(auto-fit, minmax(12rem, 1fr));
  margin-bottom: 1.75rem; }
.numbers div { border: 1px solid var(--line); border-radius: 8px; padding: .6rem .8rem;
  display: flex; flex-direction: column-reverse; justify-content: flex-end; }
.numbers dt { color: var(--dim); font-size: .8rem; }
.numbers dd { font-size: 1.35rem; font-weight: 600; font-variant-numeric: tabular-nums; }
fieldset { border: 0; padding: 0; margin: 0 0 1rem; display: flex; flex-wrap: wrap; gap: .4rem; }
legend { padding: 0; margin-bottom: .4rem; color: var(--dim); font-size: .85rem; }
fieldset label { border: 1px solid var(--line); border-radius: 99px; padding: .2rem .75rem;
  cursor: pointer; font-size: .85rem; }
fieldset label:has(:checked) { background: var(--ink); color: var(--back);
  border-color: var(--ink); }
fieldset label:has(:focus-visible) { outline: 2px solid var(--s4); outline-offset: 2px; }
fieldset input { position: absolute; opacity: 0; pointer-events: none; }
.grid { display: grid; grid-template-columns: repeat(12, minmax(0, 1fr)); gap: 4px;
  max-width: 780px; }
.tile { aspect-ratio: 1; border-radius: 6px; text-decoration: none; color: var(--ink);
  background: var(--s0); display: flex; flex-direction: column; align-items: center;
  justify-content: center; line-height: 1.15; min-width: 0; }
.tile b { font-size: clamp(.6rem, 1.5vw, .9rem); }
.tile span { font-size: clamp(.55rem, 1.4vw, .8rem); font-variant-numeric: tabular-nums; }
.tile:hover, .tile:focus-visible { outline: 2px solid var(--ink); outline-offset: 1px; }
.s0 { background: var(--s0); } .s1 { background: var(--s1); } .s2 { background: var(--s2); }
.s3 { background: var(--s3); } .s4 { background: var(--s4); } .s5 { background: var(--s5); }
.tile.s3, .tile.s4, .tile.s5 { color: #fff; }
@media (prefers-color-scheme: dark) { .tile.s4, .tile.s5 { color: #0c1118; } }
.bare { background: repeating-linear-gradient(45deg, var(--soft) 0 5px, var(--line) 5px 7px); }
.legend { display: flex; align-items: center; gap: 4px; color: var(--dim); font-size: .8rem; }
.key { width: 1.4rem; height: .9rem; border-radius: 3px; } .legend .bare { margin-left: 1.25rem; }
details { border: 1px solid var(--line); border-radius: 8px; margin-bottom: .5rem;
  scroll-margin-top: 1rem; }
summary { cursor: pointer; padding: .55rem .8rem; }
summary code { color: var(--dim); margin-left: .4rem; }
.marks { display: block; color: var(--dim); font-size: .85rem; margin-left: 1.05rem; }
.kind { border: 1px solid var(--line); border-radius: 4px; padding: 0 .35rem;
  margin-right: .15rem; }
details[open] summary { border-bottom: 1px solid var(--line); background: var(--soft);
  border-radius: 8px 8px 0 0; }
details > :not(summary) { margin-left: .8rem; margin-right: .8rem; }
.head, .entries { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem;
  padding: .6rem 0; font-size: .88rem; }
.head dt, .entries dt { color: var(--dim); }
.entries dt { font-family: ui-monospace, SFMono-Regular, Menlo, monospace; font-size: .8rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .85rem; }
th { text-align: left; color: var(--dim); font-weight: 500; }
th, td { padding: .4rem .6rem .4rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
td:nth-child(3) { min-width: 16rem; } td:last-child { font-variant-numeric: tabular-nums; }
tr:target td { background: var(--s1); }
a { color: inherit; }
.c-low { color: var(--warn); font-weight: 600; }
@media (max-width: 620px) { .head, .entries { grid-template-columns: 1fr; gap: 0; }
  .head dd, .entries dd { margin-bottom: .4rem; } }
"""

SCRIPT: Final = """
const tiles = document.querySelectorAll(".tile");
function paint(input) {
  const top = Number(input.dataset.top);
  for (const tile of tiles) {
    if (tile.classList.contains("bare")) continue;
    const count = Number(tile.dataset[input.value]);
    const step = count === 0 ? 0 : Math.max(1, Math.ceil(5 * count / top));
    tile.className = "tile s" + step;
    tile.lastElementChild.textContent = count;
  }
  document.getElementById("most").textContent = top;
}
for (const input of document.querySelectorAll("input[name=view]")) {
  input.addEventListener("change", () => paint(input));
  if (input.checked) paint(input);
}
function show() {
  const id = decodeURIComponent(location.hash.slice(1));
  const named = id && document.getElementById(id);
  if (!named) return;
  const within = named.closest("details");
  if (within) within.open = true;
  named.scrollIntoView({block: "start"});
}
addEventListener("hashchange", show);
show();
"""


def opening(title: str, style: str, *, script: bool = False) -> list[str]:
    """The lines with which a page that stands alone begins, up to its first own line.

    The browser is told to fetch nothing, and to run no script unless `script`.
    """
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    if script:
        policy += "; script-src 'unsafe-inline'"
    return [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
        f"<title>{escape(title)}</title>",
        f"<style>{style}</style></head><body><main>",
    ]
