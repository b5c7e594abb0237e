"""One provider as a client uses it: requests go out in its form, answers come in as outcomes."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from include.llm.chat_api import Ask
from include.llm.providers import chat, generate, messages
from include.llm.providers.outcomes import Outcome, Said, no_answer, outcome_of, refused
from include.llm.providers.profile import Api, endpoint
from include.llm.settings import LlmSettings
from include.outside.bodies import Body
from include.outside.jsons import parsed


@dataclass(frozen=True)
class _Form:
    """One kind of API: where its requests go, what they hold, and how its answers read."""

    path_of: Callable[[str], str]
    body_of: Callable[..., dict[str, Any]]
    read: Callable[[Mapping[str, Any]], Said]


_FORMS = {
    Api.CHAT: _Form(chat.path_of, chat.body_of, chat.read),
    Api.MESSAGES: _Form(messages.path_of, messages.body_of, messages.read),
    Api.GENERATE: _Form(generate.path_of, generate.body_of, generate.read),
}


class Provider:
    """Writes requests and reads answers.

    Args:
        settings: Which provider and model, and what is different from its profile.
    """

    def __init__(self, settings: LlmSettings) -> None:
        self._settings = settings
        self.profile = settings.profile
        self._form = _FORMS[self.profile.api]
        self.url = endpoint(self.profile, settings.base_url, self._form.path_of(settings.model))

    @property
    def headers(self) -> dict[str, str]:
        """The headers of every request."""
        auth, settings = self.profile.auth, self._settings
        key = {auth.header: auth.prefix + settings.api_key} if settings.api_key else {}
        return key | dict(self.profile.headers) | dict(settings.extra_headers)

    def body(self, ask: Ask) -> bytes:
        """A request's body."""
        settings = self._settings
        made = self._form.body_of(ask, self.profile, settings.model, settings.reasoning_effort)
        made |= dict(self.profile.body) | dict(settings.extra_body)
        return json.dumps(made, ensure_ascii=False).encode()

    def outcome(self, status: int, body: Body, headers: Mapping[str, str]) -> Outcome:
        """What an answer means. Whatever it holds, an outcome comes of it."""
        if status != 200:
            return refused(status, body.text, self.profile, headers)
        if not body.whole:
            return no_answer(f"more than {self._settings.longest_answer_mib:g} MiB")
        try:
            return outcome_of(self._form.read(parsed(body.text)), self.profile, headers)
        except (ValueError, LookupError, TypeError, AttributeError):
            return no_answer("something that is no answer of its kind")
