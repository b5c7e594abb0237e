"""LLM providers as they say of themselves: which requests they take and refuse, how their answers look.

Written from the providers' documents (each profile in `include/llm/providers` names them), and knowing
nothing of those profiles: a profile that asks for what its provider refuses fails here first.
"""

from include.emulation.providers.anthropic import Anthropic
from include.emulation.providers.api import ProviderApi
from include.emulation.providers.chat import Azure, ChatApi, Mistral, OpenAi, OpenRouter
from include.emulation.providers.gemini import Gemini
from include.emulation.providers.servers import LlamaCpp, Ollama, Vllm

PROVIDERS: dict[str, type[ProviderApi]] = {
    "anthropic": Anthropic,
    "azure": Azure,
    "gemini": Gemini,
    "generic": ChatApi,
    "llama.cpp": LlamaCpp,
    "mistral": Mistral,
    "ollama": Ollama,
    "openai": OpenAi,
    "openrouter": OpenRouter,
    "vllm": Vllm,
}
