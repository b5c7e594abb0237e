"""What was found, in words: a page of text that ends with the settings to copy."""

import textwrap
from collections.abc import Iterator, Sequence
from datetime import timedelta
from statistics import median

from include.calls.call import CallState, ChannelRole
from include.calls.recorders.loading import PLAIN
from include.probe.hearing import Heard, HeardCall, why
from include.probe.looking import Probed

WIDTH_CHARS = 110
_FITS_SHOWN = 4
_PROBLEMS_SHOWN = 10
_EXAMPLE_CHARS = 44
_CALLS_SHOWN = 5


def page(probed: Probed, heard: Heard | None = None) -> str:
    """The whole page of text."""
    parts = [list(_head(probed)), list(_fits(probed))]
    if probed.calls:
        parts += [
            list(_files(probed)),
            list(_calls(probed)),
            list(_metadata(probed)),
            list(_roles(probed, heard)),
            list(_problems(probed)),
        ]
    parts.append(list(_settings(probed, heard)) if probed.calls else list(_nowhere(probed)))
    return "\n\n".join("\n".join(map(_wrapped, part)) for part in parts if part)


def _head(probed: Probed) -> Iterator[str]:
    day = f", {probed.day:%A, %-d %B %Y}" if probed.day else ""
    yield f"{probed.place.location}{day} (days of {probed.place.timezone})"


def _fits(probed: Probed) -> Iterator[str]:
    found = [fit for fit in probed.fits if fit.recordings][:_FITS_SHOWN]
    if not found:
        return
    yield f"{'recorder':<18}{'fit':>6}  {'explains':>8}  {'fields':>6}  of"
    for fit in found:
        yield (
            f"{fit.recorder.id:<18}{fit.score:>6.0%}  {fit.explained:>8.0%}  {fit.fields:>6.1f}  "
            f"{_many(fit.recordings, 'recording')} in the folders of {fit.day}"
        )


def _files(probed: Probed) -> Iterator[str]:
    recordings = probed.files.recordings
    looked = "all of them" if recordings <= probed.limit else f"the first {len(probed.calls):,}"
    yield f"files       {_many(recordings, 'recording')} (opened: {looked})"
    yield f"            beside them {probed.files}"
    for kind, count in probed.formats.items():
        yield f"            {count:>6,}  {kind}"


def _calls(probed: Probed) -> Iterator[str]:
    lengths = sorted(call.duration_s for call in probed.calls if call.duration_s)
    if lengths:
        shortest, middle, longest = (_clock(one) for one in (lengths[0], median(lengths), lengths[-1]))
        whole = f"{timedelta(seconds=round(sum(lengths)))} in all"
        yield f"lengths     {shortest} to {longest}, half of them under {middle}; {whole}"
    states = {state: sum(call.state is state for call in probed.calls) for state in CallState}
    states[CallState.DUPLICATE] += len(probed.duplicates)
    waiting = states.pop(CallState.PENDING) - len(probed.duplicates)
    others = ", ".join(f"{count:,} {state}" for state, count in states.items() if count)
    yield f"a run       would audit {waiting:,} of these{f'; {others}' if others else ''}"
    if probed.duplicates:
        copy, original = probed.duplicates[0]
        yield f"copies      {len(probed.duplicates):,}: {copy} is the same as {original}"
        yield from ["            …"] * (len(probed.duplicates) > 1)


def _metadata(probed: Probed) -> Iterator[str]:
    if not probed.fields:
        yield "metadata    none: paths and sidecars tell nothing; a manifest.csv may (docs/recordings.md)"
        return
    yield f"{'metadata':<28}{'known of':>9}  for example"
    for name, (count, example) in sorted(probed.fields.items(), key=lambda one: (-one[1][0], one[0])):
        share = f"{count:,}/{len(probed.calls):,}"
        yield f"  {name[:25]:<26}{share:>9}  {example[:_EXAMPLE_CHARS]}"


def _roles(probed: Probed, heard: Heard | None) -> Iterator[str]:
    if probed.roles:
        counts = ", ".join(
            f"{count:,} {by if by.startswith('unknown') else f'stated by the {by}'}"
            for by, count in probed.roles.items()
        )
        yield f"channels    agent and customer, in calls of several channels: {counts}"
    else:
        yield "channels    one in every recording: channels do not separate the speakers"
    if heard is None:
        if any(by.startswith("unknown") for by in probed.roles):
            yield "            `--hear 5 --host …` has a GPU host hear five, and says on which the agent is"
        return
    for one in heard.calls:
        yield from _heard(one)
    agents = ", ".join(f"channel {channel} in {count}" for channel, count in sorted(heard.agents.items()))
    yield f"            the agent is on {agents or 'no channel for sure'} of {len(heard.calls)} calls heard"
    if any(one.contradicts for one in heard.calls):
        yield "            That is NOT what the recorder, the sidecars or the manifest say: correct them."


def _heard(one: HeardCall) -> Iterator[str]:
    direction = f" ({one.direction})" if one.direction else ""
    if one.trouble:
        yield f"  {one.path}{direction}: could not be heard: {one.trouble}"
        return
    confidence = max((role.confidence for role in one.roles), default=0.0)
    finding = "role unknown" if one.agent is None else f"agent on channel {one.agent}"
    yield f"  {one.path}{direction}: {finding}, confidence {confidence:.2f}, {one.language or 'no language'}"
    if because := why(one.roles):
        yield f"      {because}"


def _problems(probed: Probed) -> Iterator[str]:
    if not probed.problems:
        yield "to mend     nothing"
        return
    yield "to mend"
    for problem in probed.problems[:_PROBLEMS_SHOWN]:
        yield f"  - {problem}"
    if len(probed.problems) > _PROBLEMS_SHOWN:
        yield f"  … and {len(probed.problems) - _PROBLEMS_SHOWN} more"


def _settings(probed: Probed, heard: Heard | None) -> Iterator[str]:
    yield "To use it, in site.cfg (`cofi init` writes it) or as AIRFLOW__COFI__…:"
    yield ""
    yield "    [cofi]"
    yield from (f"    {name} = {text}" for name, text in settings_lines(probed, heard))
    yield ""
    day = f"{probed.day}" if probed.day else "…"
    yield f"Then trigger audit_calls with the day {day} and a trial run of {_CALLS_SHOWN} recordings."


def settings_lines(probed: Probed, heard: Heard | None = None) -> Iterator[tuple[str, str]]:
    """The lines of `[cofi]` that make a run find what was found."""
    yield "timezone", probed.place.timezone
    yield "recordings_location", probed.place.location
    yield "recorder", probed.recorder.id
    if probed.recorders_folder:
        yield "recorders_folder", str(probed.recorders_folder)
    if probed.recorder.id == PLAIN:
        yield "recordings_layout", probed.recorder.days.folders[0]
    if roles := stereo_roles(probed, heard):
        yield "stereo_roles", ", ".join(roles)


def stereo_roles(probed: Probed, heard: Heard | None) -> Sequence[ChannelRole]:
    """What to set: only where nothing else tells, and all that were heard agree."""
    untold = any(by.startswith("unknown") for by in probed.roles)
    return heard.stereo_roles if heard and untold else ()


def _nowhere(probed: Probed) -> Iterator[str]:
    day = f" on {probed.day}" if probed.day else ""
    yield f"No recorder finds a recording there{day}."
    if probed.nearby:
        yield "But there are days in:"
        yield from (f"  {one}" for one in probed.nearby)
    else:
        yield "Name the folder with a folder per day, another --day YYYY-MM-DD, or a --recorder;"
        yield "for files in an order of their own, write a recorder: docs/recordings.md says how."


def _clock(seconds: float) -> str:
    return f"{int(seconds // 60)}:{seconds % 60:02.0f}"


def _many(count: int, noun: str, plural: str = "") -> str:
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def _wrapped(line: str) -> str:
    """A line of at most the width, its rest below it, whatever a file's name holds."""
    plain = " ".join(line.splitlines()).rstrip()
    if plain.startswith("    ") and " = " in plain:
        return plain  # a setting, to be copied
    indent = " " * min(24, len(plain) - len(plain.lstrip()) + 4)
    return textwrap.fill(
        plain, WIDTH_CHARS, subsequent_indent=indent, drop_whitespace=False, break_on_hyphens=False
    )
