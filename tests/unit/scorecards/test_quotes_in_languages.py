"""Quotes in many languages: what says something else than the call, and what only writes it otherwise."""

import unicodedata

import pytest

from include.calls.call import ChannelRole
from include.calls.transcript import Transcript, Turn
from include.scorecards.evidence import EvidenceChecker

CHANGED = [
    ("fr", "Je vous rembourse pas les frais.", "Je vous rembourse"),
    ("fr", "On vous facturera pas ce service", "On vous facturera"),
    ("fr", "Je ne vous rembourserai jamais ces frais de dossier", "rembourserai ces frais de dossier"),
    (
        "fr",
        "Vous payez quatorze euros par mois pour l'option",
        "Vous payez quarante euros par mois pour l'option",
    ),
    ("fr", "Cela coûte soixante-dix euros par mois", "Cela coûte soixante euros par mois"),
    ("fr", "Cela coûte quatre-vingt-dix euros par mois", "Cela coûte quatre-vingt euros par mois"),
    ("fr", "Cela coûte quatre-vingt-dix euros par mois", "vingt-dix euros par mois"),
    ("fr", "Le technicien passe mardi prochain chez vous", "Le technicien passe jeudi prochain chez vous"),
    ("fr", "Je vous rappelle en août pour le contrat", "Je vous rappelle en avril pour le contrat"),
    ("fr", "Nous pouvons vous rembourser la somme demain", "Nous devons vous rembourser la somme demain"),
    ("fr", "Je pourrais vous rembourser les frais demain", "Je pourrai vous rembourser les frais demain"),
    ("fr", "Aucun de nos agents ne vous a appelé hier", "Un de nos agents vous a appelé hier"),
    ("fr", "Personne ne vous demandera votre code secret", "vous demandera votre code secret"),
    ("fr", "Sans votre accord nous prélevons cette somme", "Avec votre accord nous prélevons cette somme"),
    ("fr", "Je refuse de vous aider aujourd'hui", "Je … vous aider aujourd'hui"),
    ("de", "Ich rufe Sie heute nicht zurück.", "Ich rufe Sie heute"),
    ("de", "Wir erstatten Ihnen das nicht.", "Wir erstatten Ihnen das"),
    ("de", "Das kostet vierzehn Euro im Monat für Sie", "Das kostet vierzig Euro im Monat für Sie"),
    ("de", "Das kostet dreizehn Euro im Monat für Sie", "Das kostet dreißig Euro im Monat für Sie"),
    ("de", "Ich würde Ihnen das Geld gern zurückzahlen", "Ich werde Ihnen das Geld gern zurückzahlen"),
    ("de", "Ich könnte Ihnen das Geld heute überweisen", "Ich konnte Ihnen das Geld heute überweisen"),
    ("de", "Der Techniker kommt am Dienstag zu Ihnen", "Der Techniker kommt am Donnerstag zu Ihnen"),
    ("de", "Ihr Vertrag endet im Juni dieses Jahres", "Ihr Vertrag endet im Juli dieses Jahres"),
    ("de", "Ihr Vertrag endet im März dieses Jahres", "Ihr Vertrag endet im Mai dieses Jahres"),
    ("de", "Das haben wir Ihnen keineswegs zugesagt heute", "Das haben wir Ihnen zugesagt heute"),
    ("de", "Ich beleidige Sie nicht, das wissen Sie", "Ich beleidige Sie"),
    ("de", "Die Änderung ist unmöglich in Ihrem Fall", "Die Änderung ist möglich in Ihrem Fall"),
    ("de", "Ich weigere mich, Ihnen zu helfen", "Ich … Ihnen zu helfen"),
    ("de", "Wir zahlen Ihnen den Betrag kaum zurück", "Wir zahlen Ihnen den Betrag zurück"),
    ("it", "Non le rimborseremo la somma versata", "le rimborseremo la somma versata"),
    ("it", "Il tecnico viene martedì mattina da lei", "Il tecnico viene giovedì mattina da lei"),
    ("it", "Costa tredici euro al mese per la linea", "Costa trenta euro al mese per la linea"),
    ("it", "Costa sedici euro al mese per la linea", "Costa sessanta euro al mese per la linea"),
    ("it", "Possiamo rimborsarle la somma domani", "Dobbiamo rimborsarle la somma domani"),
    ("it", "La modifica è impossibile nel suo caso", "La modifica è possibile nel suo caso"),
    ("it", "Mi rifiuto di aiutarla oggi con questo", "Mi … aiutarla oggi con questo"),
    ("it", "Il contratto scade a giugno di quest'anno", "Il contratto scade a luglio di quest'anno"),
    ("it", "Nessun operatore le chiederà il codice", "operatore le chiederà il codice"),
    ("pt", "Não vamos devolver o valor pago", "vamos devolver o valor pago"),
    ("pt", "O técnico vai na terça à sua casa", "O técnico vai na quinta à sua casa"),
    ("pt", "O técnico vai na segunda-feira de manhã", "O técnico vai na sexta-feira de manhã"),
    ("pt", "Custa treze euros por mês na sua linha", "Custa trinta euros por mês na sua linha"),
    ("pt", "Custa sessenta euros por mês na sua linha", "Custa setenta euros por mês na sua linha"),
    ("pt", "Nunca vamos cobrar essa taxa do senhor", "vamos cobrar essa taxa do senhor"),
    ("pt", "O contrato termina em junho deste ano", "O contrato termina em julho deste ano"),
    ("pt", "Podemos devolver o valor amanhã de manhã", "Devemos devolver o valor amanhã de manhã"),
    ("ru", "Мы не вернём вам деньги за этот месяц", "вернём вам деньги за этот месяц"),
    ("ru", "Это стоит пятнадцать евро в месяц для вас", "Это стоит пятьдесят евро в месяц для вас"),
    ("ru", "Мастер придёт во вторник утром к вам", "Мастер придёт в четверг утром к вам"),
    ("ru", "Договор заканчивается в июне этого года", "Договор заканчивается в июле этого года"),
    ("ru", "Изменение невозможно в вашем случае", "Изменение возможно в вашем случае"),
    ("ru", "Вам никто не позвонит по этому вопросу", "Вам позвонит по этому вопросу"),
    ("nl", "Wij betalen u dat niet terug.", "Wij betalen u dat"),
    ("nl", "Het kost veertien euro per maand voor u", "Het kost veertig euro per maand voor u"),
    ("nl", "De monteur komt dinsdag bij u langs", "De monteur komt donderdag bij u langs"),
    ("en", "You will never be charged for this service", "You will be charged for this service"),
    ("en", "You will, at no point, be charged for this", "You will … be charged for this"),
    ("en", "I doubt that you will be refunded by Friday", "you will be refunded by Friday"),
    ("en", "It is false that you will be refunded by Friday", "you will be refunded by Friday"),
    ("en", "I hardly think you are an idiot, sir", "you are an idiot"),
    ("en", "Neither of us called you a thief", "called you a thief"),
    ("en", "I wouldn't call you a thief", "call you a thief"),
    ("en", "The fee is one point nine percent of it", "The fee is nine percent of it"),
    ("en", "Your refund is minus twenty dollars", "Your refund is twenty dollars"),
    ("en", "The total is two hundred and five dollars", "The total is five dollars"),
    ("en", "The total is two hundred and five dollars", "The total is two hundred dollars"),
    ("en", "It arrives half past nine on Monday", "It arrives nine on Monday"),
    ("en", "Your data is insecure with that provider", "Your data is secure with that provider"),
    ("en", "We refuse to refund the late fee today", "We agree to refund the late fee today"),
    ("en", "I can't say you'll be refunded", "you'll be refunded"),
    ("en", "there isn't anybody who told you to pay", "anybody who told you to pay"),
    ("es", "No es cierto que le vayamos a cobrar el cambio", "le vayamos a cobrar el cambio"),
    ("es", "Le cobramos sesenta euros por la instalación", "Le cobramos setenta euros por la instalación"),
    ("es", "Tampoco le vamos a devolver el dinero", "le vamos a devolver el dinero"),
    ("es", "Dudo que le devolvamos el dinero", "le devolvamos el dinero"),
    ("es", "Le llamaré el dos de marzo sin falta", "Le llamaré el doce de marzo sin falta"),
    ("ko", "수수료를 환불해 드리지 않습니다", "수수료를 환불해 드리지"),
    ("ko", "저희는 전화를 절대 못 드립니다 고객님", "저희는 전화를 절대 드립니다 고객님"),
    ("ja", "手数料は返金しません", "手数料は返金します"),
    ("zh", "我们不会退还费用", "我们会退还费用"),
    ("ru", "Мы вернём деньги не сегодня", "Мы вернём деньги"),
]
SAME = [
    ("ko", "수수료를 환불해 드립니다", "수수료를 환불해 드립니다"),
    ("fr", "Cela coûte quinze euros par mois", "Cela coûte 15 euros par mois"),
    ("fr", "Cela coûte quatre-vingt-dix-sept euros par mois", "Cela coûte 97 euros par mois"),
    ("fr", "Cela coûte 71 euros par mois", "cela coûte soixante et onze euros par mois"),
    ("fr", "Je vous rappelle le trois mars à neuf heures", "Je vous rappelle le 3 mars à 9 heures"),
    ("de", "Das kostet fünfzehn Euro im Monat", "Das kostet 15 Euro im Monat"),
    ("de", "Das kostet 45 Euro im Monat", "Das kostet fünfundvierzig Euro im Monat"),
    ("de", "Ich rufe Sie morgen um zehn Uhr zurück", "Ich rufe Sie morgen um 10 Uhr zurück"),
    ("de", "Straße und Größe müssen stimmen", "Strasse und Grösse müssen stimmen"),
    ("it", "Costa quindici euro al mese", "Costa 15 euro al mese"),
    ("it", "Costa ventuno euro al mese", "Costa 21 euro al mese"),
    ("pt", "Custa quinze euros por mês", "Custa 15 euros por mês"),
    ("pt", "Custa trinta e dois euros por mês", "Custa 32 euros por mês"),
    ("ru", "Это стоит пятнадцать евро в месяц", "Это стоит 15 евро в месяц"),
    ("ru", "Мы всё вернём вам завтра", "Мы все вернем вам завтра"),
    ("nl", "Het kost vijftien euro per maand", "Het kost 15 euro per maand"),
    ("en", "it's twenty-four seven support", "it's 24/7 support"),
    ("en", "I'll call you back at three thirty p.m.", "I'll call you back at 3:30 p.m."),
    ("en", "your balance is one thousand two hundred dollars", "your balance is $1,200"),
    ("en", "that's nineteen ninety nine a month", "that's 19.99 a month"),
    ("es", "son mil doscientos euros", "son 1.200 euros"),
    ("fr", "l'appel est enregistré", "L’appel est enregistré"),
    ("en", "that’s fine, we’ll do it", "that's fine, we'll do it"),
    ("en", "Ｔｈｅ call is recorded", "The call is recorded"),
    ("ar", "هذه المكالمة مسجلة لأغراض الجودة", "هذه المكالمة مسجلة"),
    ("ar", "هٰذِهِ المكالمة مُسَجَّلة لأغراض الجودة", "هذه المكالمة مسجلة"),
    ("ja", "この通話は録音されます。", "この通話は録音されます"),
    ("ko", "이 통화는 녹음됩니다 감사합니다", "이 통화는 녹음됩니다"),
    ("el", "Η κλήση καταγράφεται για λόγους ποιότητας", "η κληση καταγραφεται για λογους ποιοτητας"),
    ("he", "השיחה מוקלטת לצורכי איכות", "השיחה מוקלטת"),
    ("hi", "यह कॉल रिकॉर्ड की जा रही है", "यह कॉल रिकॉर्ड की जा रही है"),
    ("tr", "Görüşmeniz kayıt altına alınmaktadır", "görüşmeniz kayıt altına alınmaktadır"),
    ("tr", "İptal talebiniz alındı efendim", "iptal talebiniz alındı efendim"),
    ("fr", "Je vous rappelle pas de souci demain matin", "Je vous rappelle"),
    ("fr", "C'est réglé pour vous, pas de problème", "C'est réglé pour vous"),
    ("de", "Ich rufe Sie zurück, wenn es nicht klappt", "Ich rufe Sie zurück"),
    ("de", "Ich rufe Sie zurück oder nicht, wie Sie wollen", "Ich rufe Sie zurück"),
    ("de", "Wir erstatten Ihnen das. Nichts zu danken.", "Wir erstatten Ihnen das"),
    ("nl", "Wij betalen u dat terug want het klopt niet", "Wij betalen u dat terug"),
    ("en", "No doubt. You will be refunded by Friday", "You will be refunded by Friday"),
]


def checker(told: str, language: str) -> EvidenceChecker:
    turn = Turn(
        id="t1", speaker=ChannelRole.AGENT, channel=0, start_ms=0, end_ms=9_000, text=told, confidence=0.9
    )
    return EvidenceChecker(Transcript(call_id="c1", language=language, turns=[turn]))


@pytest.mark.parametrize(("language", "told", "quote"), CHANGED)
def test_a_quote_that_says_something_else_is_no_evidence(language, told, quote):
    found = checker(told, language).check(quote, "t1")
    assert not found.counts or found.negated, found


@pytest.mark.parametrize(("language", "told", "quote"), SAME)
def test_a_quote_that_says_the_same_is_found(language, told, quote):
    assert checker(told, language).check(quote, "t1").counts


@pytest.mark.parametrize(("language", "told", "quote"), SAME)
def test_accents_that_stand_by_themselves_are_the_same(language, told, quote):
    for form, other in (("NFC", "NFD"), ("NFD", "NFC")):
        found = checker(unicodedata.normalize(form, told), language)
        assert found.check(unicodedata.normalize(other, quote), "t1").counts


@pytest.mark.parametrize(("language", "told", "quote"), [*CHANGED, *SAME])
def test_what_was_said_word_by_word_is_found(language, told, quote):
    assert checker(told, language).check(told, "t1").counts
