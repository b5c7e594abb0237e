"""Which language models find names, as the settings list them; checked before anything heavy is loaded."""

from collections.abc import Mapping
from importlib.util import find_spec

from include.errors import InvalidInput


def read_models(text: str) -> Mapping[str, str]:
    """Reads a list like `en: en_core_web_sm, es: es_core_news_sm`.

    Returns:
        Name of an installed spaCy model by language, ISO 639-1.

    Raises:
        InvalidInput: It is no such list, or a model is not installed.
    """
    models = {}
    for item in filter(None, map(str.strip, text.split(","))):
        language, _, model = map(str.strip, item.partition(":"))
        if not model.isidentifier():
            raise InvalidInput(
                f"[cofi] llm_name_models = {text}: write languages and models, like "
                "en: en_core_web_sm, es: es_core_news_sm."
            )
        if find_spec(model) is None:
            raise InvalidInput(
                f"[cofi] llm_name_models names {model}, which is not installed: install it "
                f"(python -m spacy download {model}, or a package), or take it off the list; names are then "
                "found by rules only."
            )
        models[language] = model
    return models
