"""Words that a number counts or measures in, as patterns for folded text, English and Spanish."""

CURRENCY = (
    r"(?:euros?|eur|dollars?|usd|bucks|pounds?|quid|gbp|sterling|cents?|pence|centimos?|centavos?|dolares?"
    r"|libras?|pesos?|soles|cop|mxn)\b|[€$£]"
)
CURRENCY_BEFORE = r"(?:[€$£]|\b(?:eur|usd|gbp|us\$))"
DURATION = (
    r"(?:(?:(?:business|working|calendar|consecutive) )?(?:seconds?|secs?|minutes?|mins?|hours?|hrs?|days?"
    r"|nights?|weeks?|fortnights?|months?|quarters|years?)|segundos|minutos?|horas?|dias?|noches?|semanas?"
    r"|mes(?:es)?|trimestres?|anos?|cuotas?|plazos|instal+ments?|payments?|mensualidades)\b"
)
MEASURE = (
    r"(?:(?:kilo|mega|giga|tera)(?:bit|byte)?e?s?|megs?|gigs?|[kmgt]b(?:ps|it)?s?|kw|kwh|kilowatts?|kilovatios?"
    r"|watts?|vatios|volts?|voltios|amps?|amperios|kms?|kilomet(?:er|re)s?|kilometros?|miles|millas"
    r"|met(?:er|re)s?|metros?|cm|mm|inch(?:es)?|feet|foot|pulgadas?|lit(?:er|re)s?|litros?|ml|gallons?|kgs?"
    r"|kilos?|grams?|gramos?|mg|mi(?:l+i|cro)gra(?:m|mo)s?|degrees|grados|cubic|cubicos|square|cuadrados"
    r"|points?|puntos?|units?|unidades|calls|llamadas?|texts|messages|mensajes|people|persons|passengers?"
    r"|personas?|pasajeros?|adults?|adultos?|children|ninos|bags?|maletas?|pieces?|piezas?|items?|articulos?"
    r"|cop(?:y|ies)|copias?|lines?|lineas?|devices?|dispositivos?|channels|canales|times|veces|tablets?"
    r"|tabletas?|pills?|pastillas?|capsules?|capsulas?|box(?:es)?|cajas?|customers|clientes|shares|acciones"
    r"|users|usuarios|pages|paginas|steps|pasos|digits?|digitos?|cifras|letters|letras)\b"
)
PERCENT = r"%|(?:per ?cent|por ?cien(?:to)?)\b"
DAYTIME = (
    r"(?:[ap]\.? ?m\b\.?|(?:in the (?:morning|afternoon|evening)|at night)\b"
    r"|(?:de|por) la (?:manana|tarde|noche|madrugada)\b|del mediodia\b)"
)
