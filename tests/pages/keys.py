"""A keyboard alone: what is focused is always seen, and everything is reached within some steps."""

import re
import time
from typing import Final

from playwright.sync_api import FileChooser, FilePayload, Locator, Page

from tests.pages.hands import Hands

STEPS_MAX: Final = 80  # of the Tab key, from the beginning of what a page is about
PRESSES_MAX: Final = 4
PRESS_S: Final = 8
CHOICES_MAX: Final = 120  # of a list: there are 77 provinces
_SKIP: Final = "govuk-skip-link"
# Whether a control, or another one of its group of circles, has the focus.
_IS_AT: Final = """of => {
  const at = document.activeElement;
  const both = at.type === "radio" && of.type === "radio" && at.form === of.form;
  return at === of || (both && at.name === of.name);
}"""
_IS_EXACTLY_AT: Final = "of => of === document.activeElement"
# Whether a control stands before what has the focus.
_IS_BEHIND: Final = """of => document.activeElement !== document.body &&
  (document.activeElement.compareDocumentPosition(of) & Node.DOCUMENT_POSITION_PRECEDING) > 0"""
_IS_IN_MAIN: Final = "of => document.querySelector('main').contains(of)"
_HAS_NO_FOCUS: Final = "!document.activeElement || document.activeElement === document.body"
_IS_ON_SKIP_LINK: Final = f"document.activeElement.classList.contains('{_SKIP}')"
# What is wrong with how the focus is shown; empty: nothing.
_FAULT: Final = """() => {
  const at = document.activeElement;
  if (!at || at === document.body) return "";  // on the browser's own controls
  const named = at.outerHTML.slice(0, 120);
  const box = at.getBoundingClientRect();
  if (box.width < 1 || box.height < 1) return "nothing to see of " + named;
  const across = box.right > 0 && box.left < innerWidth;
  if (!across || box.bottom <= 0 || box.top >= innerHeight) return "out of sight: " + named;
  // Of a box or a circle what is drawn is its label's.
  const drawn = [[at, null]];
  if (at.labels?.length && /radio|checkbox/.test(at.type)) drawn.push([at.labels[0], "::before"]);
  const isMarked = drawn.some(([each, part]) => {
    const style = getComputedStyle(each, part);
    const lined = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
    return (lined && style.outlineColor !== "rgba(0, 0, 0, 0)") || style.boxShadow !== "none";
  });
  return isMarked ? "" : "no outline: " + named;
}"""


class Keys(Hands):
    """Tab, Shift+Tab, Enter, Space, arrows and letters."""

    def come_to(self, page: Page, control: Locator) -> None:
        """Go to a button or a link, which is pressed next."""
        self.reach(page, control)

    def press(self, page: Page, way: Locator) -> None:
        """Press a button with Space, or follow a link with Enter."""
        is_button = way.evaluate("of => of.tagName === 'BUTTON'")
        page.keyboard.press("Space" if is_button else "Enter")

    def type(self, page: Page, field: Locator, text: str) -> None:
        """Type a text in the place of what stands in a field."""
        self.reach(page, field)
        page.keyboard.press("Control+A")
        page.keyboard.press("Delete")
        page.keyboard.type(text)
        assert field.input_value() == text

    def choose(self, page: Page, field: Locator, value: str) -> None:
        """Go through a list from its first entry on."""
        self.reach(page, field)
        page.keyboard.press("Home")
        for _ in range(CHOICES_MAX):
            if field.input_value() == value:
                return
            page.keyboard.press("ArrowDown")
        message = f"{value} is not reached in the list"
        raise AssertionError(message)

    def mark(self, page: Page, box: Locator) -> None:
        """Mark a box with Space; go to one of several circles by arrows."""
        self.reach(page, box)
        if box.is_checked():
            return
        if box.evaluate(_IS_EXACTLY_AT):
            page.keyboard.press("Space")
        for _ in range(CHOICES_MAX):
            if box.is_checked():
                break
            page.keyboard.press("ArrowDown")
        assert box.is_checked()
        self.look(page)

    def attach(self, page: Page, field: Locator, file: FilePayload) -> None:
        """Choose a file in the browser's own window, which a key opens."""
        self.reach(page, field)
        opened: list[FileChooser] = []
        page.once("filechooser", lambda window: opened.append(window))  # noqa: PLW0108  its driver marks it
        for _ in range(PRESSES_MAX):
            # A browser that has much else to do may let a press pass: people press again.
            page.keyboard.press("Space")
            give_up = time.monotonic() + PRESS_S
            while not opened and time.monotonic() < give_up:
                page.wait_for_timeout(50)
            if opened:
                break
        opened[0].set_files(file)

    def reach(self, page: Page, control: Locator) -> None:
        """
        Go to a control by Tab, or back to it by Shift+Tab.

        Where nothing has the focus yet, the link that skips what stands on every page comes first.

        Raises:
            AssertionError: it is not reached in `STEPS_MAX` steps, or the focus was not seen.
        """
        control.wait_for(state="attached")
        if page.evaluate(_HAS_NO_FOCUS):
            page.keyboard.press("Tab")
            assert page.evaluate(_IS_ON_SKIP_LINK)
            self.look(page)
            if control.evaluate(_IS_IN_MAIN):
                self.skip(page)
        step = "Shift+Tab" if control.evaluate(_IS_BEHIND) else "Tab"
        for _ in range(STEPS_MAX):
            if control.evaluate(_IS_AT):
                return
            page.keyboard.press(step)
            self.look(page)
        message = f"{control} is not reached in {STEPS_MAX} steps"
        raise AssertionError(message)

    def skip(self, page: Page) -> None:
        """Follow the link that skips what stands on every page: the next Tab is in the content."""
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile("#main$"), wait_until="commit")
        page.keyboard.press("Tab")
        assert page.evaluate("document.querySelector('main').contains(document.activeElement)")
        self.look(page)

    def look(self, page: Page) -> None:
        """See where the focus is."""
        fault = page.evaluate(_FAULT)
        assert not fault, f"{page.url}: {fault}"
