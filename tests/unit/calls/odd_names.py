"""Names that files have in the wild: each is opened as it was listed, on any store."""

import unicodedata

# What object stores and Linux both allow.
ODD_NAMES = [
    "plain.wav",
    "two::colons.wav",
    "s3::file.wav",
    "a\ttab.wav",
    "a\nnewline.wav",
    "a\rreturn.wav",
    "?leading.wav",
    "why?.wav",
    "call.wav?uploads",
    "#leading.wav",
    "call#1.wav",
    "100%.wav",
    "100%20.wav",
    "%2e%2e.wav",
    "star*.wav",
    "**.wav",
    "[a-z].wav",
    "{a,b}.wav",
    "-rf.wav",
    "~.wav",
    "$HOME.wav",
    " spaces at both ends.wav ",
    "quotes'\".wav",
    "back\\slash.wav",
    "a&b=c;d@e+f,g!.wav",
    "user:secret@host.wav",
    "bell\x07.wav",
    "\u202ereversed.wav",
    "📞 call ☎️.wav",
    "通話記録.wav",
    unicodedata.normalize("NFC", "Núñez.wav"),
    unicodedata.normalize("NFD", "Núñez.wav"),
    "long" * 61 + ".wav",  # 248 bytes; 255 is the most that Linux takes
    "http:/x.wav",
    "memory:/y.wav",
    "night?shift/a#b/c::d.wav",
    " /a.wav",
    "no ending",
    "dots...wav",
]
# What Linux alone allows: bytes of another encoding, as Python tells them.
LINUX_NAMES = ["Mu\udcf1oz.wav", "\udcff\udcfe.wav"]
