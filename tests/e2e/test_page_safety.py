"""Nothing that a model or a person writes can run, load or lead astray on the chat page."""

from __future__ import annotations

import json
from collections.abc import Callable

from playwright.sync_api import expect

from tests.e2e.chat_page import ChatPage

Open = Callable[..., ChatPage]
BUILT = "/static/chat_app/chatkit/built/element.js"

CORPUS = [
    "<script>window.pwned = 1</script>",
    "<img src=x onerror='window.pwned = 1'>",
    '<svg onload="window.pwned = 1"><script>window.pwned = 1</script></svg>',
    "<svg><a xlink:href='javascript:window.pwned=1'><text y='20'>click</text></a></svg>",
    "<math><mtext><table><mglyph><style><img src=x onerror=window.pwned=1>",
    "<math href='javascript:window.pwned=1'>click</math>",
    "<iframe srcdoc='<script>parent.pwned=1</script>'></iframe>",
    "<object data='data:text/html,<script>parent.pwned=1</script>'></object>",
    "<a href='javascript:window.pwned=1' onclick='window.pwned=1'>click</a>",
    "[click](javascript:window.pwned=1)",
    "[click](JaVaScRiPt:window.pwned=1)",
    "[click](&#106;avascript:window.pwned=1)",
    "[click](java\tscript:window.pwned=1)",
    "[click](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
    "[click](vbscript:window.pwned=1)",
    "[click]\n\n[click]: javascript:window.pwned=1",
    "<javascript:window.pwned=1>",
    "![pic](https://elsewhere.invalid/track.png)",
    '![pic](x"onerror="window.pwned=1)',
    "![pic](data:image/svg+xml,<svg onload='window.pwned=1'/>)",
    "![pic](/admin/logout/)",
    "<style>*{background:url(https://elsewhere.invalid/)}</style>",
    "<link rel=stylesheet href=https://elsewhere.invalid/x.css>",
    "<base href='https://elsewhere.invalid/'>",
    "<form action='https://elsewhere.invalid/'><input name=a autofocus onfocus=window.pwned=1><button>go</button></form>",
    "<details open ontoggle=window.pwned=1><summary>s</summary></details>",
    "<video><source onerror=window.pwned=1></video><audio src=x onerror=window.pwned=1>",
    "<b style='position:fixed;inset:0' onclick=window.pwned=1>over everything</b>",
    "<meta http-equiv=refresh content='0;url=https://elsewhere.invalid/'>",
    "```html\n<script>window.pwned=1</script>\n```",
    '```"><img/src=x/onerror=window.pwned=1>\ncode\n```',
    "`<img src=x onerror=window.pwned=1>`",
    "| <img src=x onerror=window.pwned=1> |\n|---|\n| <script>window.pwned=1</script> |",
    "<noscript><p title='</noscript><img src=x onerror=window.pwned=1>'>",
    "<form><math><mtext></form><form><mglyph><style></math><img src onerror=window.pwned=1>",
    "<template><script>window.pwned=1</script></template><slot name=x onslotchange=window.pwned=1></slot>",
    "<a id=defaultView name=body href='https://example.com' target=_top>named</a>",
    "<x is='openai-chatkit'></x><openai-chatkit docked></openai-chatkit><slot name='history-end'></slot>",
]
# What may be found in an answer, whatever was written.
AUDIT = """(prose) => {
  const bad = [];
  const allowed = new Set(['http:', 'https:', 'mailto:', 'tel:']);
  for (const element of prose.querySelectorAll('*')) {
    const name = element.localName;
    if (/^(script|style|iframe|object|embed|img|video|audio|source|form|input|link|meta|base|math|template|slot)$/.test(name))
      bad.push(name);
    if (name.includes('-') || element.hasAttribute('is')) bad.push(`custom ${name}`);
    if (name === 'svg' && !element.matches('.code-bar .icon')) bad.push('svg');
    if (name === 'button' && !element.matches('.code-bar .button')) bad.push('button');
    for (const attribute of element.attributes)
      if (/^on|^style$|^srcdoc$|^id$|^name$/.test(attribute.name)) bad.push(`${name} ${attribute.name}`);
    if (name === 'a') {
      if (!allowed.has(new URL(element.href).protocol)) bad.push(element.href);
      if (element.rel !== 'noopener noreferrer nofollow' || element.target !== '_blank') bad.push(`a ${element.rel}`);
    }
  }
  return bad;
}"""


def test_no_text_of_a_model_runs_or_loads_anything(open_chat: Open) -> None:
    chat = open_chat()
    chat.ask("/echo " + "\n\n".join(CORPUS))
    assert chat.prose.evaluate(AUDIT) == []
    for link in chat.prose.get_by_text("click", exact=True).all():
        assert link.evaluate("(element) => element.closest('a') === null")
    chat.reload()
    assert chat.prose.evaluate(AUDIT) == []
    assert chat.page.evaluate("window.pwned") is None


def test_each_text_is_harmless_at_every_length(open_chat: Open) -> None:
    chat = open_chat()
    look = f"""async (texts) => {{
      const audit = {AUDIT};
      const {{ render_stream_StreamedMarkdown: StreamedMarkdown }} = await import('{BUILT}');
      const bad = [];
      for (const text of texts) {{
        const host = document.createElement('div');
        document.body.append(host);
        const markdown = new StreamedMarkdown(host);
        for (let end = 1; end <= text.length; end += 1) {{
          markdown.update(text.slice(0, end), end === text.length);
          for (const found of audit(host)) bad.push(`${{found}} in ${{text.slice(0, end)}}`);
        }}
        host.remove();
      }}
      await new Promise((done) => setTimeout(done, 200));
      return bad;
    }}"""
    assert chat.page.evaluate(look, CORPUS) == []
    assert chat.page.evaluate("window.pwned") is None


def test_text_of_a_person_is_shown_to_the_letter(open_chat: Open) -> None:
    chat = open_chat()
    text = "/echo <img src=x onerror=alert(1)> **not bold** [a](javascript:1)\n\n    <script>"
    chat.ask(text)
    expect(chat.questions).to_have_text([text])
    assert chat.questions.evaluate("(bubble) => bubble.childElementCount") == 0


def test_title_made_of_a_message_is_plain_text(open_chat: Open) -> None:
    chat = open_chat()
    chat.ask("/echo <img src=x onerror=alert(1)>")
    expect(chat.history).to_have_text(["/echo <img src=x onerror=alert(1)>"])
    assert chat.history.evaluate("(link) => link.childElementCount") == 0


def test_links_open_apart_and_tell_nothing(open_chat: Open) -> None:
    chat = open_chat()
    chat.ask("/echo [site](https://example.com/a?b=c) and ![picture](https://example.com/p.png)")
    link = chat.prose.get_by_role("link", name="site")
    expect(link).to_have_attribute("rel", "noopener noreferrer nofollow")
    expect(link).to_have_attribute("target", "_blank")
    expect(chat.prose.get_by_role("link", name="picture")).to_have_attribute(
        "href", "https://example.com/p.png"
    )


def test_policy_forbids_all_but_this_origin(open_chat: Open) -> None:
    chat = open_chat()
    response = chat.page.request.get(chat.url + "/")
    policy = dict(
        part.strip().partition(" ")[::2] for part in response.headers["content-security-policy"].split(";")
    )
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["base-uri"] == "'none'"
    assert policy["frame-ancestors"] == "'self'"
    assert policy["require-trusted-types-for"] == "'script'"
    assert "unsafe" not in json.dumps(policy)
