/** The page's style: light and dark, from 320 pixels on. */
export const STYLE = `
:root {
  --back: #f4f5f7; --card: #ffffff; --text: #16191d; --faint: #5a6470;
  --line: #dfe3e8; --accent: #0b5fb4; --code: #eef1f5; --hover: #e4e9ef;
  --c0: #2f7ed8; --c1: #16a085; --c2: #8e5bd0; --c3: #d9822b; --c4: #c0527f;
  --c5: #5b7083;
}
@media (prefers-color-scheme: dark) {
  :root {
    --back: #0e1116; --card: #171b22; --text: #e8ebef; --faint: #9aa5b1;
    --line: #2a313b; --accent: #78b4f5; --code: #0f1319; --hover: #232a34;
    --c0: #5a9df0; --c1: #3cbd9f; --c2: #ab85e8; --c3: #e8a157; --c4: #de7fa6;
    --c5: #8196aa;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; max-width: 62rem; padding: 0 1rem 2rem;
  background: var(--back); color: var(--text);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
  overflow-wrap: anywhere;
}
header { display: flex; gap: .9rem; align-items: center; padding: 2rem 0 1.25rem; }
header h1 { margin: 0; font-size: 1.6rem; line-height: 1.2; letter-spacing: -.01em; }
header p { margin: .2rem 0 0; color: var(--faint); }
.mark { color: var(--accent); flex: none; line-height: 0; }
code { font: .875em/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
header code, footer code { background: none; color: inherit; font-weight: 600; }
article {
  background: var(--card); border: 1px solid var(--line); border-radius: .75rem;
  padding: 1.1rem 1.25rem .4rem; margin: 0 0 1rem;
}
h2 { margin: 0; font-size: 1.2rem; line-height: 1.3; font-weight: 650; }
h2 b { color: var(--accent); font-weight: 650; }
.about { margin: .1rem 0 .6rem; color: var(--faint); font-size: .9rem; }
.line {
  display: flex; flex-wrap: wrap; gap: 0 .6rem; align-items: baseline;
  margin: .2rem 0; font-size: .9rem;
}
.line > span { color: var(--faint); min-width: 4.2rem; }
.line code { flex: 1 1 14rem; min-width: 0; }
details { border-top: 1px solid var(--line); margin: .8rem -1.25rem 0; padding: 0 1.25rem; }
details + details { margin-top: 0; }
details[open] { padding-bottom: .9rem; }
summary {
  cursor: pointer; padding: .65rem 1.25rem; margin: 0 -1.25rem; list-style: none;
  display: grid; grid-template-columns: 1rem auto 1fr; gap: .1rem .5rem;
  align-items: baseline;
}
summary::-webkit-details-marker { display: none; }
summary::before { content: "\\203a"; color: var(--faint); font-size: 1.2em; line-height: 1; }
details[open] > summary::before { transform: rotate(90deg); transform-origin: 35% 55%; }
summary:hover { background: var(--hover); }
details:last-child > summary:hover, details:last-child > summary { border-radius: 0 0 .7rem .7rem; }
details[open]:last-child > summary { border-radius: 0; }
article > details:last-child { margin-bottom: -.4rem; }
.platform { font-weight: 600; }
.sum { color: var(--faint); font-size: .9rem; text-align: right; }
.pull > summary { font-weight: 600; color: var(--accent); }
.stack {
  grid-column: 2 / -1; width: 100%; height: .6rem; border-radius: .2rem;
  margin-top: .25rem; display: block;
}
.layers { list-style: none; margin: .7rem 0 0; padding: 0; }
.layers li {
  display: grid; grid-template-columns: 4.6rem minmax(3rem, 1fr) 11rem 4.2rem;
  gap: 0 .8rem; align-items: center; padding: .3rem 0;
  border-top: 1px solid var(--line); font-size: .9rem;
}
.size { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.bar { width: 100%; height: .7rem; border-radius: .2rem; display: block; }
.step {
  grid-column: 2 / -1; color: var(--faint);
  font: .8rem/1.45 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace;
  max-height: 4.4em; overflow: hidden;
}
.c0 { fill: var(--c0); } .c1 { fill: var(--c1); } .c2 { fill: var(--c2); }
.c3 { fill: var(--c3); } .c4 { fill: var(--c4); } .c5 { fill: var(--c5); }
dl { margin: .2rem 0 0; }
dl div {
  display: grid; grid-template-columns: 6rem minmax(0, 1fr); gap: 0 .6rem;
  align-items: baseline; padding: .25rem 0;
}
dt { color: var(--faint); font-size: .9rem; }
dd { margin: 0; display: flex; gap: .5rem; align-items: baseline; }
dd code {
  flex: 1; min-width: 0; background: var(--code); border-radius: .4rem;
  padding: .3rem .6rem;
}
button {
  font: inherit; font-size: .8rem; line-height: 1.2; color: var(--accent);
  background: none; border: 1px solid var(--line); border-radius: .4rem;
  padding: .3rem .5rem; min-width: 4.2rem; min-height: 1.75rem; cursor: pointer;
  flex: none;
}
button:hover { background: var(--hover); }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
a { color: var(--accent); }
form { display: flex; flex-wrap: wrap; gap: .5rem .6rem; align-items: center; margin: 0 0 1rem; }
input {
  font: inherit; color: inherit; background: var(--card); flex: 1 1 12rem; min-width: 0;
  border: 1px solid var(--line); border-radius: .4rem; padding: .4rem .6rem;
}
form button { font-size: .95rem; padding: .45rem .9rem; background: var(--card); }
nav { display: flex; gap: 1rem; justify-content: center; padding: .5rem 0 1rem; }
.nothing { color: var(--faint); padding: 2rem 0; text-align: center; }
footer { color: var(--faint); font-size: .85rem; padding: .5rem 0; }
.told { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
@media (max-width: 40rem) {
  header { padding-top: 1.25rem; }
  article { padding-left: .9rem; padding-right: .9rem; }
  details { margin-left: -.9rem; margin-right: -.9rem; padding: 0 .9rem; }
  summary {
    margin: 0 -.9rem; padding-left: .9rem; padding-right: .9rem;
    grid-template-columns: 1rem 1fr;
  }
  .sum { grid-column: 2; text-align: left; }
  .layers li { grid-template-columns: 4.6rem 1fr 4.2rem; }
  .bar { grid-column: 2 / -1; }
  .digest { grid-column: 1 / 3; grid-row: 2; }
  .step { grid-column: 1 / -1; }
  .copy { grid-column: 3; }
  dl div { grid-template-columns: 1fr; }
  .line code { flex-basis: 100%; order: 2; }
  .line .copy { margin-left: auto; }
}
@media print { button, form, nav { display: none; } }
`;
