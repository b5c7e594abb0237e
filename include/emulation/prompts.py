"""The learned prompts of an emulated host: none of its own, and those that cofi sends to it."""

from include.gpu.learned import LearnedPrompt, LearnedPrompts, PromptTaken


class EmulatedPrompts:
    """Learned prompts in memory; the same fingerprint is the same audio."""

    def __init__(self) -> None:
        self.prompts: dict[str, LearnedPrompt] = {}
        self._version = 0

    def listed(self, calls_heard: int) -> LearnedPrompts:
        """The list, without fingerprints."""
        bare = [prompt.model_copy(update={"fingerprint": None}) for prompt in self.prompts.values()]
        return LearnedPrompts(version=str(self._version), calls_heard=calls_heard, prompts=bare)

    def take(self, prompt_id: str, prompt: LearnedPrompt) -> PromptTaken:
        """Takes a prompt in.

        Raises:
            ValueError: It is another than the path names, or new and without a fingerprint.
        """
        known = self.prompts.get(prompt_id)
        if prompt.prompt_id != prompt_id or (known is None and prompt.fingerprint is None):
            raise ValueError(prompt_id)
        if known is not None:
            decision = {"name": prompt.name, "refused": prompt.refused}
            changed = known.model_copy(update=decision)
            self._version += changed != known
            self.prompts[prompt_id] = changed
            return PromptTaken(prompt_id=prompt_id)
        same = (own.prompt_id for own in self.prompts.values() if own.fingerprint == prompt.fingerprint)
        replaced = next(same, None)
        if replaced:
            del self.prompts[replaced]
        self.prompts[prompt_id] = prompt
        self._version += 1
        return PromptTaken(prompt_id=prompt_id, replaced=replaced)
