"""What a person works a page with."""

from playwright.sync_api import FilePayload, Locator, Page


class Hands:
    """A mouse, and a keyboard to type with."""

    def come_to(self, page: Page, control: Locator) -> None:
        """Go to a button or a link, which is pressed next; a mouse does both at once."""

    def press(self, _: Page, way: Locator) -> None:
        """Press a button, or follow a link."""
        way.click()

    def type(self, _: Page, field: Locator, text: str) -> None:
        """Type a text in the place of what stands in a field."""
        field.fill(text)

    def choose(self, _: Page, field: Locator, value: str) -> None:
        """Choose of a list, by the value."""
        field.select_option(value)

    def mark(self, _: Page, box: Locator) -> None:
        """Mark a box, or one of several circles."""
        box.check()

    def attach(self, _: Page, field: Locator, file: FilePayload) -> None:
        """Choose a file."""
        field.set_input_files(file)
