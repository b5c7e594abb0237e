"""What the report explains beside its tables."""


def paragraph(text: str) -> str:
    """One line of Markdown."""
    return " ".join(text.split())


NORMALISER = paragraph("""
    Both sides pass `include.demo.evaluation.normalise`, the project's own: lower case, accents folded (the
    Spanish references of the prompts are typed without most of theirs), punctuation off, one token a digit
    whether a number is written in words or in digits (English and Spanish; Whisper writes *2* where a
    transcript has *two*, which no listener would call an error), `$`, `€` and `%` as words, a few spellings
    (*ok*, *mr*, *fiber* …). What a transcript has in round brackets, like *(beep)*, is not spoken and is
    left out.
""")
ALONE = paragraph("""
    *Alone* is `WhisperModel.transcribe` of faster-whisper with the same weights over the whole file: mixed
    to one channel, beam 5, its own defaults, language detected (*given*: the right language passed in). The
    chain gets no allow-list of languages. The interval is of chain − alone in percentage points: 95 % of
    2,000 bootstrap draws of whole recordings. The chain counts as worse when the whole interval is above 0.
""")
WORST = paragraph("""
    An interval can hide one recording that went wrong among many: the recordings on which the chain made
    most errors more than the model alone.
""")
KNOWN = paragraph("""
    Figures that were known before this benchmark (the same weights alone, int8, beam 5) took lower case
    without punctuation and nothing else. Counted that way, so that *2* for *two* and *más* for *mas* are
    errors:
""")
LANGUAGES = paragraph("""
    *Alone*: the language that the model took the file for (first 30 s, 99 languages). The chain answers
    *unknown* when it is unsure: nobody is told a wrong language, and recognition goes on with the
    likeliest. Neither has an allow-list. Known before: the model alone was right on 210 of 218 clips
    (96.3 %) of ten languages.
""")
CUTS = paragraph("""
    Calls composed of real prompts (English and Spanish), hold music, keys and an acted conversation at 8
    kHz, with exact truth (`tests/benchmarks/speech/composing.py`); all prompts and music are in the host's
    library. Seconds are counted on each channel. *Cut*: prompts and music that recognition does not hear,
    of those over which nobody speaks on the same channel. *Lost*: people's speech (voice activity of the
    clean source) that recognition does not hear.
""")
COMPOSED_WORDS = paragraph("""
    English clips with known words between two prompts, two stretches of hold music and a third prompt, at 8
    kHz. The transcript of a call is what people say: prompts and music are no conversation, so every word
    that is written for them is an error. *On the clips*: the errors that fall on people's speech only,
    which is what a perfect cut without better hearing would leave.
""")
TIMES = paragraph("""
    Each word of a clip in a call against the same word of the same clip heard by the chain alone, moved by
    the time at which the clip was laid into the call: what cutting and mapping back adds to the
    recogniser's own error. Starts and ends of all words that were heard alike.
""")
NOISE = paragraph("""
    English clips at 8 kHz, some to a recording, with the real noises of the material over all of it, at a
    ratio to the usual level of speech. *Never*, *gated* and *always* enhanced before recognition; *gated*
    is the default. Quality is measured on the enhanced copy, which is kept for listening in any case,
    against the clean recording.
""")
SPEED = paragraph("""
    *CPU* is what all processes of the host used; *wall* what the client waited for its answer; *engine*
    what the host says itself. Seconds for a second of recording, whatever its number of channels (RTF).
    On a machine that does more than this, CPU seconds are the ones to compare.
""")
MEMORY = paragraph("""
    Each call is deleted when it is done. The figure is the resident memory of all processes of the host;
    its growth is that of a straight line through the second half.
""")
