"""What numbers are called in French, German, Italian, Portuguese, Dutch and Russian; as `names` is.

Folded text is lower case without accents: `й` is `и`, `ß` is `ss`.
"""

CARD_NUMBER = r"""
(les |des )?numeros? (long )?(de |sur |figurant sur )(la |votre |ma |cette |sa )?carte( bancaire| bleue)?
numeros? (de )?cb
(seize|16|quinze|15) (chiffres|numeros)
(nummer|ziffern|zahlen) (auf |von |der |auf der |ihrer |meiner |dieser )+(kredit|bank|ec|debit|giro)?karte
(kredit|bank|ec|debit|giro)?karten ?(nummern?|daten)
(sechzehn|16)(stellige nummer| ziffern| stellen| zahlen)
(numer[oi]|cifre|dati) (della |sulla |di |della sua |della mia |della tua )(carta|sua carta|mia carta)
(sedici|16|quindici|15) (cifre|numeri)
(numeros?|dados|digitos) (do |no |de |da |do seu |do meu |do teu |do vosso )(seu |meu )?cartao
(dezesseis|dezasseis|16|quinze|15) (digitos|numeros|algarismos)
(krediet|creditcard|bank|betaal)?kaart ?nummers?
creditcard ?(nummers?|gegevens)
nummers? (op |van )(de |uw |je |mijn )?(\w+)?(kaart|pas|creditcard)
pasnummer
(zestien|16) cijfers
(номер\w*|цифр\w*|данны\w*) (на |с |от |(ва|мо|это|сво|банковск|кредитн|лицев)\w+ |стороне )*карт[аыеуои]\w*
(шестнадцать|16) цифр
"""

CARD = r"""
cartes?( de credit| de debit| bancaires?| bleue)?
cb
(kredit|bank|ec|debit|giro)[ -]?karten?
karten?
(della|sulla|dalla|nella|alla|sua|mia) carta( di credito| di debito)?
cart[ae] (di credito|di debito|bancomat)
bancomat
cart(ao|oes)( de credito| de debito)?
(krediet|bank|betaal)?kaart(en)?
creditcards?
(bank|betaal)pas(je)?
карт(а|ы|е|у|ои|ам|ами|очк\w+)
"""

CODE_OF_CARD = r"""
cryptogramme( visuel)?
(code|numero) de (securite|verification) de (la |votre |ma )?carte
karten ?(pruf(nummer|ziffer|code)|sicherheitscode)
kartenprufnummer
(pruf(nummer|ziffer|code)|sicherheits(code|nummer)) (auf |der |ihrer |von |auf der )+(\w+ )?karte
codice di (sicurezza|verifica) della (sua |mia |tua )?carta
codigo de (seguranca|verificacao) do (seu |meu )?cartao
(beveiligings|veiligheids|verificatie)code van (de |uw |je )?\w*kaart
код (безопасности|проверки|подтверждения) (вашеи |моеи )?карты
(си|ц) ?ви ?(ви|си)
"""

CODE_ON_BACK = r"""
(trois|3|quatre|4) (derniers )?chiffres (au |sur le |a l')?(dos|verso|arriere)
(code|numero|chiffres)( \w+)? (au |sur le )(dos|verso)
au (dos|verso)
(drei|3|vier|4)( letzten)? (ziffern|zahlen|stellen) (auf der |hinten|auf die )(ruckseite)?
(drei|vier)stellige (nummer|zahl|code|prufnummer)( auf der ruckseite)?
(nummer|code|zahl|ziffern) (auf der |hinten auf der )?(ruckseite|hinten)
ruckseite
(tre|3|quattro|4) (ultime )?(cifre|numeri) (sul |dietro|nel )(retro)?
(codice|numero|cifre)( \w+)? (sul|nel) retro
sul retro
(tres|3|quatro|4) (ultimos )?(digitos|numeros) (no |do |atras|na parte de )(verso|tras)?
(codigo|numero|digitos)( \w+)? (no verso|atras)
no verso
(drie|3|vier|4) (laatste )?cijfers (achterop|op de achterkant|op de achterzijde)
(code|nummer|cijfers) (achterop|op de achterkant|op de achterzijde)
achter(kant|zijde|op)
(три|3|четыре|4) (последни\w+ )?цифр\w+ (на |с )(обратнои|оборот\w*|задней|тыльнои)( сторон\w+)?
(код|номер|цифр\w+) (на |с )(обратнои|оборот\w*|тыльнои)( сторон\w+)?
на (обороте|обратнои стороне)
"""

CODE = r"""
(code|numero) de (securite|verification)
(pruf(nummer|ziffer|code)|sicherheits(code|nummer))
codice di (sicurezza|verifica)
codigo de (seguranca|verificacao)
(beveiligings|veiligheids|verificatie|controle)code
код\w* (безопасности|проверки)
"""

OTHER_CARD = r"""
(numero (de |sur )(la |votre |ma )?)?carte (sim|vitale|cadeau|d'identite|de fidelite|client|grise|de visite)
(numero (de |sur )(la |votre |ma )?)?carte (d'acces|d'embarque\w+|de transport|navette|d'etudiant|famille)
(sim|kunden|gesundheits|versicherten|versicherungs|bonus|geschenk)[ -]?karten?(nummer)?
(treue|payback|post|fahr)[ -]?karten?(nummer)?
(krankenkassen|krankenversicherten|mitglieds|bord|visiten|eintritts|speicher|grafik)[ -]?karten?(nummer)?
(numero (della |di )(sua |mia )?)?carta (sim|d'identita|fedelta|regalo|d'imbarco|cliente|sanitaria|soci\w*)
(numero (della |di )(sua |mia )?)?tessera \w+
(numero (do |de )(seu |meu )?)?cartao (sim|cidadao|presente|fidelidade|do sus)
(numero (do |de )(seu |meu )?)?cartao de (cidadao|pontos|embarque)
(numero (do |de )(seu |meu )?)?cartao (de saude|de acesso|de visita|cliente|de estudante|do plano)
(sim|klanten|cadeau|identiteits|zorg|bonus|spaar|instap|leden)[ -]?(kaart|pas)(nummer)?
(номер )?(сим|скидочн\w+|дисконтн\w+|подарочн\w+|бонусн\w+|медицинск\w+|клубн\w+)[ -]?карт\w+
"""

OTHER = r"""
comptes?( bancaire)?
rib
commandes?
(numero |reference )(de |du |d')(la |votre |mon )?(commande|dossier|client|contrat|suivi|colis)
(numero |reference )(de |du |d')(la |votre |mon )?(facture|serie|compte|tel\w+)
dossier
contrat
colis
facture
sinistre
telephone
(code )?postal
naissance
securite sociale
permis
passeport
immatriculation
(kunden|bestell|auftrags|vertrags|rechnungs|konto|referenz|sendungs|telefon|handy)-?nummer
(serien|zahler|ticket)-?nummer
(mitglieds|versicherungs|schaden|vorgangs|fall|mobil|festnetz|buchungs|personal|steuer|ausweis|pass)nummer
bestellung
auftrag
vertrag
rechnung
konto
telefon
postleitzahl
plz
geburtsdatum
geburtstag
zahlerstand
ordine
pratica
contratto
spedizione
fattura
conto( corrente)?
cliente
telefono
cellulare
codice (fiscale|postale|cliente)
nascita
contatore
polizza
prenotazione
encomenda
protocolo
contrato
fatura
conta( corrente| bancaria)?
telefone
telemovel
celular
cpf
cnpj
rg
nif
cep
nascimento
apolice
bestelling
(order|bestel) ?nummer
klant ?nummer
contract ?nummer
factuur ?nummer
rekening ?nummer
rekening
telefoon ?nummer
meterstand
polis ?nummer
zending
postcode
geboortedatum
burgerservicenummer
bsn
заказ\w*
договор\w*
счет\w*
квитанци\w*
телефон\w*
клиент\w*
паспорт\w*
снилс
инн
индекс\w*
рождени\w*
полис\w*
заявк\w*
обращени\w*
отправлени\w*
посылк\w*
показани\w*
code (secret|pin|de confirmation|sms|d'acces|de la porte)
(pin|tan|zugangs|bestatigungs|turm|sms|alarm|tur)[ -]?code
geheimzahl
codice (pin|segreto|di conferma|di accesso|sms)
codigo (pin|secreto|de confirmacao|de acesso|sms)
senha
toegangscode
pincode
пин[ -]?код\w*
код\w* (подтверждения|доступа|из (смс|сообщения)|домофона)
"""

EXPIRY = r"""
date (d'expiration|de validite|de fin)
expir\w+
valable jusqu\w+
ablauf\w*
verfall\w*
gultig( bis)?
scaden\w+
scad\w+
valida? fino
validade
vencimento
verval\w*
geldig( tot)?
срок\w*( деиствия)?
деиствительна до
"""

NUMBER = r"""
numeros?
nummern?
numer[oi]
nummers?
номер\w*
код\w*
chiffres
ziffern
cifre
cijfers
цифр\w*
codice
"""

IS = r"""
est
c'est
le
ist
lautet
die
der
das
e
il
lo
sono
o
sao
is
het
nummer
numero
номер
это
"""

ALWAYS_NUMBER = r"""
rib
cpf
bsn
снилс
инн
"""

ASKS = r"""
pouvez vous
pouvez-vous
donnez[ -]moi
dites[ -]moi
il me faut
quel(le)?
s'il vous plait
allez[ -]y
(konnen|konnten|wurden) sie
geben sie
nennen sie
sagen sie
ich brauche
wie (lautet|ist)
bitte
puo (dirmi|darmi|leggermi)
mi (dice|da|legge|dica|dia)
mi serve
qual
per favore
pode (me )?(dizer|dar|informar|ler)
me (diz|diga|informa|informe|passa)
diga(-me)?
preciso
(kunt|kan) (u|je)
geef
wat is
graag
alstublieft
(назовите|скажите|продиктуите|сообщите|укажите|дикту\w+)
какои
пожалуиста
"""

KEYED = r"""
(tapez|saisissez|composez)
clavier
tippen sie
tastatur
tastiera
(digiti|digitate|inserisca)
teclado
(digite|tecle)
toets\w*
(наберите|введите)
клавиатур\w*
"""

PAYMENT = r"""
pa(y|i)(er|e|ez|ement|ements|ement)
regl(er|ement)
cartes?
cb
bezahl\w+
zahl(e|en|t|ung)
karten?
kreditkarte
abbuch\w+
pag(are|o|amento|hi|ato)
(della|sulla|sua|mia|con la) carta
addebit\w+
cart(ao|oes)
pagamentos?
betal\w+
kaart
пла(ти|те|чу)\w*
опла\w+
карт(а|ы|е|у|ои|ам|ами|очк\w+)
списа\w+
"""

CORRECTION = r"""
non
pardon
attendez
je recommence
je me suis trompee?
excusez[ -]moi
plutot
nein
nicht
entschuldigung
falsch
noch ?mal
korrektur
vielmehr
scusi
aspetti
sbagliato
mi correggo
anzi
nao
desculpe?
espera
errei
corrigindo
nee
wacht
fout
opnieuw
нет
извините
простите
подождите
ошибся
ошиблась
точнее
заново
"""

NAMES_BEFORE = r"""
(est|ist|e|c'est|sono|eh|is|это)( (le|la|mon|ma|der|die|das|mein|meine|il|lo|o|a|meu|minha|de|het|mijn|мои))*
"""

WARNING = r"""
ne (donnez|communiquez|dites|partagez)( jamais| pas)?
(gardez|bewahren sie|conservi|guarde|bewaar)
(geben|nennen|sagen) sie (niemals|nie|niemandem)
non (dia|dica|comunichi|condivida)( mai)?
(nao|nunca) (de|diga|informe|compartilhe|passe)
(никому|никогда) не (сообщаите|говорите|называите|давайте)
"""

DENIAL = r"""
jamais
personne
aucun
ne
nie
niemals
niemand
nicht
keiner?
mai
nessuno
non
nunca
ninguem
nao
nooit
niet
никогда
никто
не
"""

DONE_WITH_CODES = r"""
(demand|donn|communiqu|partag|enregistr|conserv)(er|e|ons|ez|erons|era|ent)
(frag|nenn|mitteil|weitergeb|speicher|brauch|benotig|verlang|notier)\w*
(chied|comunic|condivid|memorizz)\w*
(pedir\w*|pede|pedimos|informar|informe|compartilh\w*|gravar|gravamos)
(vraag|vragen|delen|opslaan|nodig|bewaren)
(спраш|сообща|называ|храни|запис|говор|нужен|проси)\w*
"""
