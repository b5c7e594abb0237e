"""What numbers are called, English and Spanish: one name a line, as a regular expression over folded text.

Folded text is lower case without accents. `include.card_data.cues` reads these lists.
"""

# A payment card's number, when somebody asks for it or begins to read it.
CARD_NUMBER = r"""
(credit |debit |bank |payment |visa |mastercard |amex )?cards? (number|details|no)
number (on|of|from|across) (the |your |my |that )?(front|((credit|debit|bank) )?card)
(long|big|main|full) (card )?number
(16|sixteen|15|fifteen) (digits?|numbers?)
digits (on|across|of) (the |your )?(front|card)
front of (the|your|my) card
(numeros?|numeracion|digitos|datos) (largos? )?de (la |su |mi |tu |esa )?(\w+ )?tarjeta
(numeros?|numeracion|digitos) que (hay|aparecen?|salen?|viene)( en)? (la |su |mi |tu )?tarjeta
(16|dieciseis|15|quince) (digitos|numeros|cifras)
numero largo
numeracion completa
"""

# A payment card.
CARD = r"""
((credit|debit|bank|payment|visa|mastercard|amex) )?cards?
tarjetas?
visa
master ?card
amex
american express
maestro
discover card
diners
"""

# The security code of a payment card, and of nothing else.
CODE_OF_CARD = r"""
cvv2?
cvc2?
cvn
cv2
c v v
c v c
ce uve uve
card (security|verification) (code|number|value)
security (code|number|digits) (on|of|from|at) (the|your|my) (back|card|reverse|front)
(security |last )?(three|3|four|4) (security )?(digits?|numbers?)( code)?,? (\w+ )?(on|at|from|of) the back
(security |last )?(three|3|four|4) (security )?(digits?|numbers?)( code)? (on|at|from|of) the \w+ (side|strip)
(three|3|four|4) (digits?|numbers?)( code)?,? (on|at|from|of) (the |your |its )?(reverse|rear|signature)
signature strip
back of (the|your|my|that|it)( \w+)?( card)?
(codigo|numero)s? de (seguridad|verificacion) de (la|su|mi|tu|esa) tarjeta
(tres|3|cuatro|4) (ultim[oa]s )?(digitos|numeros|cifras)( que \w+)?( \w+)? (de |en )?(la )?(parte|cara)
(tres|3|cuatro|4) (ultim[oa]s )?(digitos|numeros|numeritos|cifras)( que \w+)?( \w+)? (de |por )?(atras|detras)
(tres|3|cuatro|4) (ultim[oa]s )?(digitos|numeros|numeritos|cifras) (del|en el|al) (reverso|dorso)
ultim[oa]s (tres|3) (digitos|numeros|cifras)
parte (de atras|trasera)
reverso
dorso
detras de la tarjeta
"""

# A security code of something: of a card only where a card number was said.
CODE = r"""
security (code|number)
codigo de (seguridad|verificacion)
verification number
"""

# Cards that pay nothing: whatever else than these words stands before "card" names another one.
_OF_PAYMENT_EN = (
    "the|your|my|our|his|her|their|this|that|a|an|any|which|what|new|old|same|other|another|replacement|valid"
    "|different|credit|debit|bank|payment|prepaid|corporate|company|virtual|physical|expired|stored|saved|first"
    "|second|main|current|by|with|from|of|on|to|and|or|for|visa|mastercard|amex|express|maestro|discover|lost"
    "|stolen|per|no|blue|black|gold|silver|white|red|possible|use|using|have|had|got|need|personal|joint|business"
)
_OF_PAYMENT_ES = "credito|debito|pago|prepago|banco|empresa|siempre|antes|mi|su|tu|la|el|visa|mastercard"
OTHER_CARD = rf"""
(?!(?:{_OF_PAYMENT_EN})\b)[a-z]+ cards?( number)?
(numero de (la |su |mi |tu )?)?tarjeta (sim|sanitaria|regalo|club)
(numero de (la |su |mi |tu )?)?tarjeta de (la |el |los |mi |su )?(?!(?:{_OF_PAYMENT_ES})\b)[a-z]+
"""

# Everything else that has a number.
OTHER = r"""
i?ban
i b a n
sort code
routing
swift
bic
((bank|checking|savings|current|my|your|the) )*accounts?( number| no)?
ccc
cuentas?( bancaria| corriente| cliente)?
domicili\w+
direct debit
order
reference
ref
booking
confirmation
tracking
parcel
consignment
shipment
meter
supply point
mpan
mprn
cups
policy
contract
ticket
case
claim
invoice
customer (number|no|id|ref\w*)
client
membership
serial
imei
i m e i
icc(id)?
i c c( i d)?
sim
reservation
return
rma
transaction
authori[sz]ation
approval
receipt
voucher
coupon
licen[cs]e
registration
plate
asset
phones?
telephone
mobile
cell(phone)?
landline
(call|ring|reach|text|contact) (me|you|us|him|her)
fax
extension
(post|zip|postal) ?codes?
date of birth
born
birth\w*
passport
national insurance
social security
ssn
vat
tax
driv\w+
expir\w+
valid (until|through|from)
(end|start) date
issue number
(pin|passcode|password|otp|one.?time|sms|text message|puk) ?(code|number|pin)?
(alarm|door|gate|entry|access|voicemail|activation|unlock|login|verification) (code|number|pin|panel)
pedido
referencia
reserva
seguimiento
envio
paquete
contador
suministro
poliza
contrato
incidencia
expediente
caso
siniestro
factura
cliente
socio
serie
localizador
recibo
resguardo
matricula
autorizacion
transaccion
devolucion
albaran
lectura
averia
telefonos?
movil
celular
fijo
llam(ar|en|e|eme|arle|arme)
codigo postal
nacimiento
naci(o|do|da)?
pasaporte
dni
d n i
nie
nif
cif
seguridad social
caduc\w+
venc\w+
valida hasta
clave
contrasena
codigo de (acceso|activacion|la puerta|la alarma|confirmacion|un solo uso|desbloqueo|firma)
alarma
portal
puerta
buzon
"""

# A call in which somebody pays.
PAYMENT = r"""
pay(ing|s|ment|ments|able)?
paid
cards?
visa
master ?card
amex
american express
credit
debit
charge[ds]?
charging
expir\w+
c[vs][vc]2?
checkout
deposit
pag(o|os|ar|a|ue|amos|arlo|arla|are)
tarjetas?
cobr\w+
carg(o|ar|amos|ue)
caduc\w+
vencimiento
abon(o|ar|arlo)
"""

# Words that take back the digits before them.
CORRECTION = r"""
no
not
wait
sorry
i mean(t)?
hang on
hold on
make that
let me correct
correction
rather
scratch that
my mistake
actually
wrong
again
let me start
perdon[ae]?
disculpa\w*
esper[ae]
digo
quiero decir
corrijo
equivoc\w+
mejor dicho
miento
rectifico
repito
"""

# Whoever says this before a code's name warns of giving it.
WARNING = r"""
keep
guard(a|e|ar|en)
never
nobody
no one
none of us
won't
will not
cannot
nadie
ningun[oa]?
do not
don't
must not
should not
shouldn't
nunca
jamas
no (le )?(de|diga|digas|comparta|facilite|comunique|ensene)
"""
