"""The paper on other media: narrow and very wide, right to left, on paper, in forced colours, with motion turned down."""

import re

import pytest
from playwright.sync_api import Browser

from tests.news.browsing import ARTICLE, DRAWS, PAGES, opened
from tests.serving import Site
from webapp.assets import STATIC

pytestmark = pytest.mark.browser

WIDTHS = (320, 390, 768, 1024, 1440, 2560)
# Characters in a full line of each paragraph that has some lines; the last is half full, more or less.
LINES = """() => [...document.querySelectorAll(".prose > p")].flatMap(p => {
  const range = document.createRange(); range.selectNodeContents(p);
  const lines = new Set([...range.getClientRects()].map(box => Math.round(box.top / 4))).size;
  return lines > 2 ? [p.textContent.length / (lines - 0.5)] : []; })"""


@pytest.mark.parametrize("direction", ["ltr", "rtl"])
def test_nothing_sticks_out_from_320_to_2560_pixels(browser: Browser, paper: Site, direction: str) -> None:
    page, _ = opened(browser, 320)
    for path in PAGES + DRAWS:
        page.goto(paper.url + path)
        page.evaluate("direction => { document.documentElement.dir = direction; }", direction)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            # Towards the left a page cannot be scrolled in either direction, so count what sticks out there, too.
            out = page.evaluate("""() => Math.max(document.documentElement.scrollWidth - innerWidth,
              ...[...document.querySelectorAll("main > *, .frame > * > *")].map(it => -it.getBoundingClientRect().left))""")
            assert out <= 0, (path, width)
    page.context.close()


def test_in_the_dark_paper_is_darker_than_ink(browser: Browser, paper: Site) -> None:
    look = """() => ["backgroundColor", "color"].map(
      name => getComputedStyle(document.body)[name].match(/\\d+/g).slice(0, 3).reduce((sum, part) => sum + Number(part), 0))"""
    shown = {}
    for scheme in ("light", "dark"):
        page, _ = opened(browser, 390, color_scheme=scheme)
        page.goto(paper.url + ARTICLE)
        ground, ink = page.evaluate(look)
        shown[scheme] = ground > ink
        page.context.close()
    assert shown == {"light": True, "dark": False}
    assert "@font-face" not in (STATIC / "site.css").read_text()  # the reader's own fonts, nothing to wait for


def test_right_to_left_the_page_is_mirrored(browser: Browser, paper: Site) -> None:
    page, _ = opened(browser, 1440)
    page.goto(paper.url + ARTICLE)
    places = """() => [".article h1", ".article-meta", ".article-body", ".rail", "#register .check input", "#register .check label"].map(
      name => { const box = document.querySelector(name).getBoundingClientRect(); return [box.left, innerWidth - box.right]; })"""
    before = page.evaluate(places)
    page.evaluate("document.documentElement.dir = 'rtl'")
    after = page.evaluate(places)
    for (left, right), mirrored in zip(before, after, strict=True):
        assert mirrored == [pytest.approx(right, abs=1), pytest.approx(left, abs=1)]
    page.context.close()


def test_the_style_sheets_know_no_left_and_right() -> None:
    sheets = {file.name: re.sub(r"/\*.*?\*/", "", file.read_text(encoding="utf-8"), flags=re.DOTALL) for file in STATIC.rglob("*.css")}
    assert "site.css" in sheets
    for name, text in sheets.items():
        # Gradients and clip paths have no logical form: each says its own for [dir=rtl].
        plain = "\n".join(line for line in text.splitlines() if "mask-image" not in line and "clip-path" not in line)
        found = re.findall(r"(?:^|[\s;{-])(?:left|right)\s*[:;}]|(?:margin|padding|border|inset)-(?:left|right)", plain)
        assert not found, (name, found)
        for value in re.findall(r"(?:margin|padding|inset|border-width):\s*([^;}]+)", plain):
            sides = re.findall(r"calc\([^()]*(?:\([^()]*\)[^()]*)*\)|\S+", value)
            assert len(sides) < 4 or sides[1] == sides[3], (name, value)


@pytest.mark.parametrize("width", [768, 1024, 1440, 2560])
def test_lines_are_long_enough_to_flow_and_short_enough_to_find_the_next(browser: Browser, paper: Site, width: int) -> None:
    page, _ = opened(browser, width)
    page.goto(paper.url + ARTICLE)
    lines = page.evaluate(LINES)
    assert len(lines) > 5
    assert 50 <= sum(lines) / len(lines) <= 76
    page.context.close()


def test_on_paper_there_is_the_article_and_nothing_to_press(browser: Browser, paper: Site) -> None:
    page, _ = opened(browser, 794, color_scheme="dark")
    page.goto(paper.url + "/news/how-the-draw-is-proven")
    page.emulate_media(media="print")
    shown = page.evaluate("""() => [...document.querySelectorAll("form, input, button, nav, aside, .call, #register, #headlines")]
      .filter(it => it.checkVisibility()).map(it => it.outerHTML.slice(0, 80))""")
    assert shown == []
    assert page.locator("article h1").is_visible()
    assert page.locator(".byline").is_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    page.goto(paper.url + ARTICLE)
    assert page.evaluate("getComputedStyle(document.querySelector('.figure')).breakInside") == "avoid"
    assert page.evaluate("getComputedStyle(document.querySelector('.prose h2')).breakAfter") == "avoid"
    page.evaluate("""document.querySelector(".prose p").insertAdjacentHTML("beforeend", '<a href="https://example.com/x">x</a>')""")
    said = page.evaluate("""getComputedStyle(document.querySelector(".prose a[href^=http]"), "::after").content""")
    assert "https://example.com/x" in said
    pages = len(re.findall(rb"/Type\s*/Page\b", page.pdf(format="A4")))
    assert 2 <= pages <= 4
    page.context.close()


def test_in_forced_colours_every_box_and_button_has_its_edge(browser: Browser, paper: Site) -> None:
    page, _ = opened(browser, 1440, forced_colors="active")
    page.goto(paper.url + "/headlines")
    here = page.evaluate("(() => { const at = getComputedStyle(document.querySelector('.sections [aria-current]')); "
                         "return [at.borderBlockEndStyle, parseFloat(at.borderBlockEndWidth)]; })()")  # fmt: skip
    assert here == ["solid", 3]
    page.goto(paper.url)
    edges = page.evaluate("""() => ["#register", "#register button", "#register-name", ".call"].map(name => {
      const at = getComputedStyle(document.querySelector(name));
      return at.borderBlockStartStyle !== "none" && parseFloat(at.borderBlockStartWidth) >= 1; })""")
    assert edges == [True] * 4
    # The system draws its own boxes; ours would have a tick in the colour of its ground.
    assert page.evaluate("getComputedStyle(document.querySelector('#register-agree')).appearance") == "auto"
    page.locator("#register-name").focus()
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.context.close()


def test_who_asks_for_less_motion_gets_none(browser: Browser, paper: Site) -> None:
    page, _ = opened(browser, 1440, reduced_motion="reduce", bypass_csp=True)
    page.goto(paper.url)
    page.add_style_tag(content="a { transition: color 3s; } h1 { animation: turn 3s infinite; } html { scroll-behavior: smooth; }"
                               "@keyframes turn { to { rotate: 360deg; } }")  # fmt: skip
    moves = page.evaluate("""() => [document.getAnimations().length, getComputedStyle(document.querySelector("a")).transitionDuration,
      getComputedStyle(document.documentElement).scrollBehavior]""")
    assert moves == [0, "0s", "auto"]
    page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_empty_box_looks_empty_and_a_ticked_one_ticked(browser: Browser, paper: Site, scheme: str) -> None:
    page, _ = opened(browser, 390, color_scheme=scheme)
    page.goto(paper.url + "/register")
    colours = """() => { const box = getComputedStyle(document.querySelector("#register-agree")), ground = getComputedStyle(document.body);
      return [box.backgroundColor === ground.backgroundColor, box.backgroundColor === ground.color]; }"""
    assert page.evaluate(colours) == [True, False]
    page.locator("#register-agree").check()
    assert page.evaluate(colours) == [False, True]
    page.context.close()
