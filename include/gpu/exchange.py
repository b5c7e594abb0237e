"""Carries learned prompts between a GPU host and cofi's database, and so from host to host."""

import asyncio
import logging
from collections.abc import Iterable
from functools import partial

from include.database import prompts
from include.database.engine import Database
from include.database.prompts import ListedPrompt
from include.gpu.client import GpuHostClient
from include.gpu.learned import LearnedPrompt, LearnedPrompts

# A site has some dozens; a host is taught no more than this, those that most calls play.
_MOST_TAUGHT = 500

log = logging.getLogger(__name__)


async def exchange(client: GpuHostClient, database: Database) -> LearnedPrompts | None:
    """Takes in what a host learned, and tells it what others learned and what people said.

    Returns:
        What the host has learned now; None when it learns nothing.

    Raises:
        TransientError: See `GpuHostClient`.
        RequestRefused: Likewise.
    """
    learned = await client.learned()
    if learned is None:
        return None
    of_host = {prompt.prompt_id: prompt for prompt in learned.prompts}
    known = await asyncio.to_thread(database.read, partial(prompts.listed, replaced=True))
    await _take_in(client, database, of_host.values(), {one.prompt.prompt_id for one in known})
    taught = 0
    for one in [one for one in known if one.same_as is None][:_MOST_TAUGHT]:
        taught += await _teach(client, database, one, of_host.get(one.prompt.prompt_id))
    return await client.learned() if taught else learned


async def _take_in(
    client: GpuHostClient, database: Database, of_host: Iterable[LearnedPrompt], known: set[str]
) -> None:
    for prompt in of_host:
        if prompt.prompt_id in known:
            await asyncio.to_thread(database.write, partial(prompts.heard, prompt=prompt))
            continue
        whole = await client.learned_prompt(prompt.prompt_id)
        await asyncio.to_thread(database.write, partial(prompts.add, prompt=whole, host=client.name))
        log.info("prompt_id=%s host=%s kind=%s is learned", prompt.prompt_id, client.name, prompt.kind)


async def _teach(
    client: GpuHostClient, database: Database, one: ListedPrompt, of_host: LearnedPrompt | None
) -> bool:
    """Tells the host of one prompt, if that is new to it; returns whether it was."""
    prompt = one.prompt
    if of_host is not None and (of_host.name, of_host.refused) == (prompt.name, prompt.refused):
        return False
    if of_host is None:
        prompt = await asyncio.to_thread(
            database.read, partial(prompts.with_fingerprint, prompt_id=prompt.prompt_id)
        )
    taken = await client.teach(prompt)
    if taken.replaced:
        same = partial(prompts.replaced_by, prompt_id=taken.replaced, other=taken.prompt_id)
        await asyncio.to_thread(database.write, same)
    return True
