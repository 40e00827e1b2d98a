"""What a model, a person or a server might write to break out of its place: texts, addresses, styles, keys and shapes.

Each one that could run sets `window.pwned`. Nothing here is about one field; who is fed what is `test_safety.py`'s business.
"""

from __future__ import annotations

PWN = "window.pwned=1"
TEXTS = [
    f"<script>{PWN}</script>",
    f"</script><script>{PWN}</script>",
    f"<img src=x onerror='{PWN}'>",
    f"<IMG SRC=x OnErRoR={PWN}//",
    f'"><img src=x onerror={PWN}>',
    f"' autofocus onfocus='{PWN}",
    f'<svg onload="{PWN}"><script>{PWN}</script></svg>',
    f"<svg><animate onbegin={PWN} attributeName=x dur=1s></svg>",
    f"<svg><set attributeName=href to=javascript:{PWN}></svg>",
    f"<svg><use href=\"data:image/svg+xml,<svg id='x' xmlns='http://www.w3.org/2000/svg' onload='{PWN}'/>#x\"></svg>",
    f"<svg><a xlink:href='javascript:{PWN}'><text y='20'>click</text></a></svg>",
    f"<svg><foreignObject><iframe srcdoc='<script>parent.{PWN}</script>'></iframe></foreignObject></svg>",
    f'<svg></p><style><a id="</style><img src=1 onerror={PWN}>">',
    f"<math><mtext><table><mglyph><style><img src=x onerror={PWN}>",
    f"<math><mtext><h1><a><h6></a></h6><mglyph><svg><mtext><style><a title=\"</style><img src onerror='{PWN}'>\"></style></h1>",
    f"<math href='javascript:{PWN}'>click</math>",
    f"<form><math><mtext></form><form><mglyph><style></math><img src onerror={PWN}>",
    f"<noscript><p title='</noscript><img src=x onerror={PWN}>'>",
    f"<!--><img src=x onerror={PWN}>--><![CDATA[><img src=x onerror={PWN}>]]>",
    f"<iframe src=javascript:{PWN}></iframe><iframe srcdoc='<script>parent.{PWN}</script>'></iframe>",
    f"<object data='data:text/html,<script>parent.{PWN}</script>'></object><embed src=javascript:{PWN}>",
    f"<a href='javascript:{PWN}' onclick='{PWN}'>click</a>",
    f"<base href='https://elsewhere.invalid/'><meta http-equiv=refresh content='0;url=javascript:{PWN}'>",
    "<style>*{display:none;background:url(https://elsewhere.invalid/)}</style><link rel=stylesheet href=https://elsewhere.invalid/x.css>",
    f"<form action='javascript:{PWN}'><input autofocus onfocus={PWN}><button formaction=javascript:{PWN}>go</button></form>",
    f"<template shadowrootmode=open><script>{PWN}</script></template><slot onslotchange={PWN}></slot>",
    f"<details open ontoggle={PWN}><summary>s</summary></details><video><source onerror={PWN}></video>",
    f"<b style='position:fixed;inset:0' onclick={PWN}>over everything</b>",
    "<x is='openai-chatkit'></x><openai-chatkit></openai-chatkit>",
    "<a id=defaultView name=body href='https://example.com' target=_top>named</a>",
    f"${{{PWN}}} {{{{constructor.constructor('{PWN}')()}}}} <%= {PWN} %>",
    "\u202egpj.exe\u202c \u2066\u2067\u2068 isolates never closed \u200f\u061c",
    "\x00\x08\x0b\x1f\ufffd\ud7ff\ufeff",
    "{name} {count} {title} %s %d $& $1 $$",
]
MARKDOWN = [
    *TEXTS,
    f"[click](javascript:{PWN}) [click](JaVaScRiPt:{PWN}) [click](&#106;avascript:{PWN}) [click](java\tscript:{PWN})",
    f"[click](\x01javascript:{PWN}) [click](javascript&colon;{PWN}) [click](javascript&#x3a;{PWN}) [click](<javascript:{PWN}>)",
    f"[click](data:text/html,<script>{PWN}</script>) [click](vbscript:{PWN}) [click](blob:null/x) [click](file:///etc/passwd)",
    f"[click]\n\n[click]: javascript:{PWN}\n[toString]: javascript:{PWN}\n[__proto__]: javascript:{PWN}",
    "[constructor] [__proto__] [toString][hasOwnProperty]",
    f"<javascript:{PWN}> <javascript:{PWN}//@example.com>",
    f"![pic](x\"onerror=\"{PWN}) ![pic](data:image/svg+xml,<svg onload='{PWN}'/>) ![pic](https://elsewhere.invalid/track.png)",
    f"```html\n<script>{PWN}</script>",
    f'```"><img/src=x/onerror={PWN}>\ncode\n```\n\n~~~~\n<img src=x onerror={PWN}>',
    f"`<img src=x onerror={PWN}>` ``` ` `` <b>`",
    f"| <img src=x onerror={PWN}> |\n|---|\n| <script>{PWN}</script> |\n| a | b | c |\n|:--|",
    "**a *b ~~c `d [e](f ![g](h <i>j\n> - 1. # \n\t\t- [ ] x\n***",
    f"[a](chatkit-link://%E0%A4%A?__proto__=x&{PWN}) [b](chatkit-link://<script>{PWN}</script>)",
    f"[^1]: <img src=x onerror={PWN}>\n\n$$\\href{{javascript:{PWN}}}{{x}}$$",
]
ADDRESSES = [
    f"javascript:{PWN}",
    f"JaVaScRiPt:{PWN}",
    f" \x01javascript:{PWN}",
    f"java\tscr\nipt:{PWN}",
    f"javascript://example.com/%0a{PWN}",
    f"&#106;avascript:{PWN}",
    f"vbscript:{PWN}",
    f"data:text/html,<script>{PWN}</script>",
    "data:text/html;base64,PHNjcmlwdD53aW5kb3cucHduZWQ9MTwvc2NyaXB0Pg==",
    f"data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' onload='{PWN}'/>",
    f"data:image/png,<script>{PWN}</script>",
    "data:image/png;base64,%%%",
    f'x" onerror="{PWN}',
    f"blob:null/{PWN}",
    "file:///etc/passwd",
    "about:blank#x",
    f"view-source:javascript:{PWN}",
    "http://",
    "https://[",
]
STYLES = [
    "red; background: url(https://elsewhere.invalid/)",
    "red} * { display: none } :host {",
    "url(https://elsewhere.invalid/x)",
    "image-set('https://elsewhere.invalid/x' 1x)",
    f"expression({PWN})",
    "var(--x, url(https://elsewhere.invalid/))",
    "rgb(1,2,3);position:fixed",
    "Arial'; } @import 'https://elsewhere.invalid/x.css'; {",
    "/* ",
    "10px; position: fixed; inset: 0",
    "calc(1px * 99999999999)",
    "1e308px",
    "-9999vw",
    "attr(onload url)",
]
KEYS = [
    "__proto__",
    "constructor",
    "prototype",
    "toString",
    "hasOwnProperty",
    "__defineGetter__",
    "valueOf",
    "then",
    "innerHTML",
]
# JSON, since a literal cannot say that `__proto__` is a key.
POLLUTION = """{
  "__proto__": {"polluted": 1, "innerHTML": "<img src=x onerror=window.pwned=1>"},
  "constructor": {"prototype": {"polluted": 1}}
}"""

DEEP = 5_000
NESTED = [
    "> " * DEEP + "quoted",
    "- " * DEEP + "listed",
    "".join("  " * n + "- item\n" for n in range(300)),
    "[" * DEEP + "x" + "](y)" * DEEP,
    "![" * DEEP,
    "(" * DEEP + "**" * DEEP,
    "*a_ " * DEEP,
    "<b>" * DEEP + "bold",
    "`" * DEEP,
    "<" * DEEP,
    "| " * DEEP + "\n" + "|-" * DEEP,
]
LINE = "word " * 200_000
