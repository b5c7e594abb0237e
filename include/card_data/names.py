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
cv ?(2|two|dos)
c v (2|two|dos)
c v v
c v c
ce uve uve
card (security|verification) (code|number|value)
(codigo|numero)s? de (seguridad|verificacion) de (la|su|mi|tu|esa) tarjeta
signature strip
back of (the|your|my|that|this) ((credit|debit|bank|payment) )?card
"""

# What is on the back of a card, and of routers and bills: a code only where a card is spoken of. The count of
# "the last three" is hidden from those who read these names: x.
CODE_ON_BACK = r"""
(security (code|number|digits)|numbers?|digits?)( code)? (on|of|from|at) (the|your|my|its) (back|reverse|rear)
codes? (on|of|from|at) (the|your|my|its) (back|reverse|rear)
(security |last )?(three|3|four|4)[ -](security )?(digits?|numbers?)( code)?,? (on|at|from|of) the back
(security |last )?(three|3|four|4)[ -](security )?(digits?|numbers?)( code)?,? (on|at|from|of) the front
(three|3|last x+),? (on|at|from) the (back|reverse)
(security |last )?(three|3|four|4)[ -](security )?(digits?|numbers?)( code)? (on|at|from|of) the \w+ side
(security |last )?(three|3|four|4)[ -](security )?(digits?|numbers?)( code)? (on|at|from|of) the \w+ strip
(three|3|last x+)[ -](digits?|numbers?) (next to|beside|by|near|after|under|above) the signature
back of (the|your|my|that|it)( \w+)?
(tres|3|cuatro|4) (ultim[oa]s )?(digitos|numeros|numeritos|cifras)( que \w+)?( \w+)? (de |por )?(atras|detras)
(tres|3)( ultim[oa]s)? (de |por )(atras|detras)
(tres|3|cuatro|4) (ultim[oa]s )?(digitos|numeros|cifras)( que \w+)?( \w+)? (de |en )?(la )?(parte|cara)
(tres|3|cuatro|4) (ultim[oa]s )?(digitos|numeros|numeritos|cifras) (del|en el|al) (reverso|dorso)
ultim[oa]s (tres|3) (digitos|numeros|cifras)
parte (de atras|trasera)
reverso
dorso
detras
"""

# A security code of something: of a card only where a card number was said.
CODE = r"""
security (code|number)
(codigo|numero)s? de (seguridad|verificacion)
codigo secreto
verification number
security
(?<!next )(?<!first )(?<!last )(three|3)[ -](little |small |security )?(digits?|numbers?)
four (little|small) (digits?|numbers?)
(?<!primeros )(?<!siguientes )(tres|3) (numeritos|digitos|numeros|cifras)
"""

# Cards that pay nothing.
OTHER_CARD = r"""
(sim|id|identity|loyalty|points?|gift|member(ship)?|library|health|insurance|club) cards?( number)?
(travel|store|staff|employee|student|access|key|parking|bus|rail|train|metro|transport) cards?( number)?
(season|donor|press|voter|residence|green|medical|dental|pharmacy|gym|school|visitor) cards?( number)?
(swipe|warranty|post|discount|reward|bonus|stamp|boarding|landing|calling|report|score) cards?( number)?
(data|memory|sd|network|graphics?|video|sound|birthday|time|punch|badge|customer) cards?( number)?
(numero de (la |su |mi |tu )?)?tarjeta (sim|sanitaria|regalo|club|grafica|roja|amarilla)
(numero de (la |su |mi |tu )?)?tarjeta de (la |el |mi |su )?(socio|puntos|fidelizacion|biblioteca|visita)
(numero de (la |su |mi |tu )?)?tarjeta de (la |el |mi |su )?(estudiante|emplead[oa]|acceso|embarque|red)
(numero de (la |su |mi |tu )?)?tarjeta de (la |el |mi |su )?(transporte|cliente|coordenadas|residencia)
(numero de (la |su |mi |tu )?)?tarjeta de (la |el |mi |su )?(identidad|gimnasio|parking|aparcamiento|video)
(numero de (la |su |mi |tu )?)?tarjeta de (la |el |mi |su )?(sonido|memoria|metro|autobus|tren|regalo|club)
(numero de (la |su |mi |tu )?)?tarjeta de (la |el |mi |su )?(personal|fichar|farmacia|salud|seguro|colegio)
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
clave
contrasena
codigo de (acceso|activacion|la puerta|la alarma|confirmacion|un solo uso|desbloqueo|firma)
alarma
portal
puerta
buzon
"""

# Until when a card is valid: what follows is no part of its number.
EXPIRY = r"""
expir\w+
valid (until|through|from|thru)
(end|start) date
date on (it|the card|your card)
runs? out
caduc\w+
venc\w+
valida hasta
fecha de (caducidad|vencimiento)
"""

# Names of anything: what is called so has a number.
NUMBER = r"""
numbers?
no
codes?
id
digits?
reference
numeros?
codigos?
"""

# Between a name and the digits that it names.
IS = r"""
number
no
code
id
ref
is
it
its
s
are
was
the
that
so
then
here
for
you
number
numero
codigo
es
el
la
son
era
que
de
efe
erre
ge
hache
eme
ene
cu
ese
uve
zeta
ele
jota
equis
alpha
bravo
foxtrot
golf
romeo
india
tango
"""

# Between digits and a name that is said after them: "123 is the security code", "123 on the back of my card".
NAMES_BEFORE = r"""
(is|are|was|it's|that's|that is|on|at|es|son|era|en|por)( (the|my|our|its|el|la|los|las|mi|su))*
"""

# Names that always mean a number.
ALWAYS_NUMBER = r"""
i?ban
i b a n
ccc
imei
i m e i
icc(id)?
sort code
"""

# Words of who asks for something.
ASKS = r"""
(may|can|could) (i|we|you)
(give|tell|read|spell|confirm) me
what
which
please
need
take
let me have
go ahead
digame
dime
deme
me (dice|da|lee|confirma|facilita)
cual
necesito
numero
indique
por favor
"""

# What is keyed is not said.
KEYED = r"""
keypad
key(pad)? (it|in|that|your|the)
(type|enter|press|punch|tap) (in )?(it|your|the|that|this|them|those)
on your phone
teclado
teclee
tecle[ae]
marque
introduzca
pulse
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
no (le )?(de|diga|digas|comparta|facilite|comunique|ensene)
"""

# Likewise, but only together with what is done with codes: who has none, or did not hear it, asks for it.
DENIAL = r"""
never
nobody
no one
none of us
won't
will not
cannot
can't
do not
don't
must not
should not
shouldn't
nadie
ningun[oa]?
nunca
jamas
"""
DONE_WITH_CODES = r"""
(tell|giv|shar|ask|need|want|requir|us|say|send|stor|sav|record|tak|text|e-?mail|know|writ|reveal|disclos)(e?s|e|ing)?
read (me|us|out|it|them|your)
(dig|dar|de|dia|compart|facilit|comuniqu|ensen|pid|ped|necesit|solicit|us|guard|apunt|revel|sab|sep|anot|mand|envi)\w*
"""
