"""Word lists for LLM1 by rules: regular expressions over lower-case text without accents, en and es."""

import re

GOOD = re.compile(
    r"\b(thank(s| you)|great|perfect|lovely|wonderful|excellent|glad|happy|appreciate|helpful|brilliant"
    r"|super|nice"
    r"|gracias|perfecto|genial|estupendo|excelente|encantad[oa]|maravilloso|muy amable|fenomenal)\b"
)
BAD = re.compile(
    r"\b(angry|annoy\w+|terrible|awful|unacceptable|ridiculous|disappointed|upset|furious|frustrat\w+"
    r"|useless|worst"
    r"|fed up|complain\w*|wrong|problem|broken|not working|never|waste\w*|nothing works|horrible"
    r"|sick of|rude"
    r"|enfadad[oa]|molest[oa]|inaceptable|horrible|pesimo|fatal|hart[oa]|queja|mal|problema|averia"
    r"|indignad[oa]"
    r"|decepcionad[oa]|verguenza|nadie)\b"
)
SIGNALS = {
    "complaint": r"\b(complain\w*|complaint|unacceptable|fed up|third time|not good enough|queja"
    r"|reclamacion|inaceptable"
    r"|hart[oa]|tercera vez)\b",
    "escalation_request": r"\b(manager|supervisor|someone (else|above)|your boss|encargad[oa]"
    r"|responsable|superior)\b",
    "cancel_intent": r"\b(cancel (my|the|this)|close my account|leave you|switch (to another|provider)"
    r"|dar(me)? de baja|cancelar (mi|el|la)|cambiar(me)? de compania)\b",
    "vulnerability": r"\b(passed away|died|lost my (job|husband|wife)|can.?t afford|hospital|cancer"
    r"|disab\w+|confused"
    r"|fallecio|viud[oa]|en paro|no puedo pagar|enfermedad|discapacidad)\b",
    "legal_threat": r"\b(lawyer|attorney|solicitor|sue|court|ombudsman|legal action|abogad[oa]"
    r"|demanda\w*|denuncia\w*"
    r"|juzgado|tribunal)\b",
    "fraud_suspicion": r"\b(fraud\w*|scam\w*|stolen|hacked|did not (make|authori[sz]e)|fraude|estafa"
    r"|robad[oa]|robaron"
    r"|no he autorizado)\b",
    "profanity": r"\b(fuck\w*|shit|damn|bastard|asshole|mierda|joder|cono|cabron)\b",
    "repeat_contact": r"\b(called (before|already|yesterday|last week|twice)|(second|third|fourth) time"
    r"|(ya|segunda|tercera) (he llamado|llame|vez))\b",
    "praise": r"\b(you have been (great|very helpful|so helpful|wonderful)|excellent service|very helpful"
    r"|muy buen servicio|muy amable|gran ayuda)\b",
}
# Which side's words carry a signal; the rest are the customer's.
SIGNAL_SPEAKER = {"profanity": "any"}

DONE = re.compile(
    r"\b((i have|i.ve|we have|we.ve)( just| now| already)* \w+(ed|en|t)\b|(all|now) (done|set|sorted|fixed)"
    r"|went through|(is|it.s) (working|resolved|fixed)|(he|hemos|acabo de) \w+(ado|ido|ar|er|ir)\b"
    r"|(queda|esta) \w+(ado|ada|uelto|uelta|ido|ida)\b|ya funciona)"
)
OPEN = re.compile(
    r"\b(look into|escalate|call you back|get back to you|working on it|technician|ticket|revisar\w*"
    r"|tecnico"
    r"|le llamar\w+|estan trabajando|incidencia)\b"
)
REFUSED = re.compile(
    r"\b(can.?t (help|do)|cannot (help|do)|unable to|nothing (i|we) can do|thanks for nothing"
    r"|not my problem"
    r"|no puedo (hacer|ayud)\w*|no podemos|no es (mi|nuestro) problema)\b"
)
PROMISE = re.compile(
    r"\b((i|we|a technician|someone|they)( will|.ll| am going to| are going to"
    r"| is going to) (?!be happy)\w+"
    r"|(le|te|les) (llamar|enviar|devolver|avisar|mandar|abonar)\w*|(voy|vamos) a \w+)"
)
DUE = re.compile(
    r"\b((today|tonight|tomorrow)|(on |by |before |until |next |this )(monday|tuesday|wednesday"
    r"|thursday|friday|saturday"
    r"|sunday|week|month|morning|afternoon|evening)|within \w+ (\w+ )?(minutes?|hours?|days?|weeks?)"
    r"|in \w+ (minutes?|hours?|days?|weeks?)|the \w+ of \w+"
    r"|(hoy|manana|el (lunes|martes|miercoles|jueves|viernes|sabado|domingo))"
    r"|(en|dentro de|antes de) \w+ (minutos?|horas?|dias?|semanas?))\b"
)
VOICEMAIL = re.compile(
    r"\b(leave (me )?(a|your) message|after the (tone|beep)|voice ?mail|buzon de voz|deje su mensaje"
    r"|tras la senal"
    r"|despues de la senal)\b"
)
WRONG_NUMBER = re.compile(
    r"\b(wrong number|(se ha|me he) equivocado de numero|numero equivocado|dialled the wrong)\b"
)
TEST_CALL = re.compile(r"\b(this is (only )?a test( call)?|test call|llamada de prueba)\b")
IVR_MENU = re.compile(
    r"\b(press|pulse|marque|oprima) (\w+ )?(one|two|three|\d|uno|dos|tres|star|asterisco)\b"
)
TRANSFER = re.compile(r"\b(transfer you|put you through|le (paso|transfiero|comunico) con)\b")
AGENT_WORDS = re.compile(
    r"\b(thank you for calling|how (can|may) i help|my name is|gracias por llamar|en que (le )?puedo ayudar"
    r"|le atiende|speaking, how)\b"
)
MONEY = re.compile(
    r"[$€£]\s?\d[\d.,]*|\b[\w]+([ -][\w]+){0,2} (dollars?|euros?|pounds?|cents?|dolares|libras|pesos)\b"
)
TOKEN = re.compile(r"\[([A-Z]+)_\d+(?:\.\d+)?\]")
