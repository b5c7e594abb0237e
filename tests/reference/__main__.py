"""`python -m tests.reference`: writes docs/reference/."""

from tests.reference.writing import FOLDER, pages


def main() -> None:
    """Writes every page."""
    FOLDER.mkdir(exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text)
        print(f"docs/reference/{name}")


main()
