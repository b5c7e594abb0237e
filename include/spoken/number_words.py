"""Words of numbers, English and Spanish, folded; those of other languages are in `european_numbers`."""


def _counted(words: str, first: int, step: int = 1) -> dict[str, int]:
    return {word: first + n * step for n, word in enumerate(words.split())}


CARDINALS: dict[str, dict[str, int]] = {
    "en": {
        **_counted("zero one two three four five six seven eight nine ten eleven twelve thirteen", 0),
        **_counted("fourteen fifteen sixteen seventeen eighteen nineteen", 14),
        **_counted("twenty thirty forty fifty sixty seventy eighty ninety", 20, 10),
        **{"oh": 0, "nought": 0, "naught": 0, "fourty": 40, "hundred": 100, "thousand": 1000},
    },
    "es": {
        **_counted("cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce", 0),
        **_counted("quince dieciseis diecisiete dieciocho diecinueve veinte veintiuno veintidos", 15),
        **_counted("veintitres veinticuatro veinticinco veintiseis veintisiete veintiocho veintinueve", 23),
        **_counted("treinta cuarenta cincuenta sesenta setenta ochenta noventa", 30, 10),
        **_counted("ciento doscientos trescientos cuatrocientos quinientos seiscientos", 100, 100),
        **_counted("setecientos ochocientos novecientos", 700, 100),
        **_counted("doscientas trescientas cuatrocientas quinientas seiscientas", 200, 100),
        **_counted("setecientas ochocientas novecientas", 700, 100),
        **{"veintiun": 21, "veintiuna": 21, "cien": 100, "mil": 1000},
    },
}
ORDINALS: dict[str, dict[str, int]] = {
    "en": {
        **_counted("first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth", 1),
        **_counted("thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth", 13),
        **_counted("twentieth thirtieth fortieth fiftieth sixtieth seventieth eightieth ninetieth", 20, 10),
    },
    "es": _counted("primero segundo tercero cuarto quinto sexto septimo octavo noveno decimo", 1),
}
