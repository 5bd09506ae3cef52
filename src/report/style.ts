/** The report's looks. Fonts of the system and colours by `prefers-color-scheme`: nothing is fetched. */
export const STYLE = `
:root{color-scheme:light dark;--page:#f7f7f5;--panel:#fff;--ink:#1d2025;--soft:#666c75;--rule:#e4e4e0;--accent:#2f66c9;--faint:#2f66c94d;--good:#1f7a44;--warn:#9a6200;--bad:#b3261e;--code:#f4f4f1;--keyword:#8a3ba0;--string:#2c7a4b;--number:#a2560f}
@media(prefers-color-scheme:dark){:root{--page:#141619;--panel:#1c1f23;--ink:#e5e7ea;--soft:#9aa1aa;--rule:#2e3238;--accent:#7ba6f7;--faint:#7ba6f74d;--good:#6fcf97;--warn:#e5b567;--bad:#f28b82;--code:#17191d;--keyword:#d3a0e6;--string:#8fd0a5;--number:#e0a871}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif}
main{max-width:1180px;margin:0 auto;padding:36px 24px 64px}
h1{font-size:27px;line-height:1.2;margin:0;letter-spacing:-.01em}
h2{font-size:18px;margin:40px 0 12px;letter-spacing:-.005em}
h3{font-size:13px;font-weight:600;margin:0 0 6px;color:var(--soft)}
p{margin:6px 0}
.soft{color:var(--soft)}
.end{display:inline-block;font-size:13px;font-weight:600;padding:1px 10px;border-radius:99px;border:1px solid currentColor;vertical-align:5px;margin-left:12px}
.done{color:var(--good)}.stopped,.interrupted{color:var(--warn)}.failed,.trouble{color:var(--bad)}
.trouble{border-left:3px solid;padding:4px 12px;margin:14px 0;white-space:pre-wrap}
.tiles{display:flex;flex-wrap:wrap;gap:12px;margin:24px 0 0}
.tile{background:var(--panel);border:1px solid var(--rule);border-radius:10px;padding:10px 16px;min-width:112px;flex:1 1 auto}
.tile b{display:block;font-size:21px;font-weight:600;letter-spacing:-.01em;font-variant-numeric:tabular-nums;white-space:nowrap}
.tile span{font-size:13px;color:var(--soft);white-space:nowrap}
.grid2{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,440px),1fr));gap:16px}
.panel{background:var(--panel);border:1px solid var(--rule);border-radius:10px;padding:14px 16px;overflow-x:auto;min-width:0}
.figure{margin-bottom:16px;text-align:center}.figure svg{max-width:100%;height:auto}.figure .d{--page:var(--panel)}
.chart{display:block;width:100%;height:auto;overflow:visible}
.chart text{font-size:11.5px;fill:var(--soft);font-variant-numeric:tabular-nums}
.chart .grid{stroke:var(--rule);stroke-width:1}
.chart .axis,.chart .tick{stroke:var(--soft);stroke-width:1}
.chart .line{fill:none;stroke:var(--accent);stroke-width:2;stroke-linejoin:round;stroke-linecap:round}
.chart .faint{stroke:var(--faint);stroke-width:1}
.chart .dot{fill:var(--accent)}
.at rect{fill:transparent}.at line,.at circle,.at text{visibility:hidden;pointer-events:none}
.at line{stroke:var(--soft);stroke-dasharray:3 3}.at circle{fill:var(--accent);stroke:var(--panel);stroke-width:1.5}
.chart .at text{fill:var(--ink);font-weight:600;paint-order:stroke;stroke:var(--panel);stroke-width:4px;stroke-linejoin:round}
.at:hover line,.at:hover circle,.at:hover text{visibility:visible}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;vertical-align:top;padding:5px 14px 5px 0;border-bottom:1px solid var(--rule);font-weight:400}
tr:last-child>th,tr:last-child>td{border-bottom:0}
th{color:var(--soft);white-space:nowrap}
.facts th{width:1%;padding-right:22px}.facts td{overflow-wrap:anywhere}
thead th{font-size:13px}
.right{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
td.right:last-child,th.right:last-child{padding-right:0}
mark{background:none;color:var(--good);font-weight:600}
code,pre,.mono{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:13px}
pre{background:var(--code);border-radius:8px;padding:14px 16px;margin:0;overflow-x:auto;line-height:1.5;tab-size:2}
pre i{font-style:normal}.c{color:var(--soft)}.k{color:var(--keyword)}.s{color:var(--string)}.n{color:var(--number)}
.tree details{margin-left:20px}.tree>details{margin-left:0}
.tree summary,.tree .leaf{display:flex;gap:12px;align-items:baseline;padding:2px 0}
.tree summary{cursor:pointer;list-style:none}.tree summary::-webkit-details-marker{display:none}
.tree summary::before{content:"▸";color:var(--soft);width:8px;flex:none}.tree details[open]>summary::before{content:"▾"}
.tree .leaf{margin-left:40px}
.tree .fill{flex:1;border-bottom:1px dotted var(--rule);min-width:16px}
.tree .times{color:var(--accent);font-weight:600;white-space:nowrap}
footer{margin-top:44px;color:var(--soft);font-size:13px}
@media print{.panel,.tile{break-inside:avoid}}
`;
