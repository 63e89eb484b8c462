"""What a reply to a message asks for: an opt-out, help, to hear from us again, or something to be read.

The words that the FCC names (stop, quit, end, revoke, opt out, cancel, unsubscribe) opt out, and so does any
other wording that a reasonable person would understand so: 47 CFR 64.1200(a)(10). Our rule, for which case,
accents and punctuation do not count:

1. A text, or a clause of it, that is a word or phrase of opting out, but for courtesies, opts out: "STOP",
   "please stop!", "Not interested. Stop.", "Arrêt svp". Words that mean other things too (end, cancel,
   fin, …) have to be the whole text.
2. Wordings that mean nothing else opt out wherever they stand, unless a "not" is before them: "I told you to
   stop texting me", "how do I unsubscribe?".
3. All else is for people to read: "I'll be at the bus stop", "stop by tomorrow", "cancel my appointment".

In doubt it is for the person: an opt-out that was none costs a call, one that was missed is against the law.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from leads.core.consent import Channel

ReplyKind = Literal["stop", "help", "start", "other"]
Named = Literal["sms", "call", "email", "all"]

MAX_READ = 20_000
"""Characters of a reply that are looked at; nobody opts out behind so many."""

_MOST_WORDS = 6
"""Of a phrase."""

_LIKE_LETTERS = str.maketrans(
    {
        "ł": "l",
        "ø": "o",
        "đ": "d",
        "ı": "i",
        "æ": "ae",
        "œ": "oe",
        "'": "",
        "’": "",
        "`": "",
        "´": "",
        "ʼ": "",
    }
)
_STOP_SIGN = "\N{OCTAGONAL SIGN}"


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reply asks for, and which channels it names."""

    kind: ReplyKind
    named: frozenset[Named] = frozenset()


def read_reply(text: str) -> Reading:
    """What a reply's text asks for; see the rule above."""
    clauses = _clauses(text[:MAX_READ])
    words = [word for clause in clauses for word in clause]
    if _is_stop_alone(words) or any(_is_stop(each) or _says(each) for each in (*clauses, words)):
        return Reading("stop", _named(words))
    bare = " ".join(word for word in words if word not in _COURTESY)
    if bare in _HELP:
        return Reading("help")
    if bare in _START:
        return Reading("start")
    return Reading("other")


def ended_by(channel: str, named: Iterable[Named]) -> frozenset[Channel]:
    """The channels that an opt-out ends that came by `channel` (sms or email) and named these.

    A revocation ends robocalls and robotexts alike, whichever of them it answers: 47 CFR 64.1200(a)(10),
    whose scope across matters the FCC has put off to 31 January 2027; we do not wait for it. One that names
    no channel and came by text ends calls to the number as well. One that came by e-mail ends e-mail
    (16 CFR 316.5), unless it names another channel.
    """
    asked = set(named)
    if "all" in asked:
        return frozenset({"call", "automated_call", "sms", "email"})
    ended: set[Channel] = set()
    if "email" in asked or (channel == "email" and not asked):
        ended.add("email")
    if "sms" in asked:
        ended |= {"sms", "automated_call"}
    if "call" in asked or (channel == "sms" and not asked):
        ended |= {"call", "automated_call", "sms"}
    return frozenset(ended)


def _plain(text: str) -> str:
    """Small letters without accents, as words with one space between."""
    decomposed = unicodedata.normalize("NFKD", text.replace(_STOP_SIGN, " stop ").casefold())
    letters = "".join(each for each in decomposed if not unicodedata.combining(each)).translate(_LIKE_LETTERS)
    return " ".join(re.findall(r"[^\W_]+", letters))


def _clauses(text: str) -> list[list[str]]:
    """The words of each clause: a "not" in one says nothing of the next."""
    return [words for each in re.split(r"[.,;:!?\n\r]+", text) if (words := _plain(each).split())]


def _is_stop(words: Sequence[str]) -> bool:
    """Rule 1, of what needs nothing else."""
    bare = [word for word in words if word not in _COURTESY]
    rest = [word for word in bare if word not in _AROUND and word not in _CHANNEL_OF]
    return any(each in _STOP for each in (*_between_courtesies(words), " ".join(bare), " ".join(rest)))


def _is_stop_alone(words: Sequence[str]) -> bool:
    """Rule 1, of words with other meanings: "cancel texts" opts out, "cancel it" may be another matter."""
    bare = [word for word in words if word not in _COURTESY]
    rest = [word for word in bare if word not in _CHANNEL_OF]
    return any(each in _STOP_ALONE for each in (*_between_courtesies(words), " ".join(bare), " ".join(rest)))


def _between_courtesies(words: Sequence[str]) -> Iterator[str]:
    """The words less more or fewer courtesies at both ends, which may be a part of what is said, too."""
    before = next((at for at, word in enumerate(words) if word not in _COURTESY), 0)
    behind = next((at for at, word in enumerate(reversed(words)) if word not in _COURTESY), 0)
    if len(words) - before - behind <= _MOST_WORDS:
        for start in range(max(0, before - _MOST_WORDS), before + 1):
            for end in range(len(words) - behind, len(words) + 1)[:_MOST_WORDS]:
                yield " ".join(words[start:end])


def _says(words: Sequence[str]) -> bool:
    """Rule 2: whether an unmistakable wording stands in a clause."""
    return any(
        words[start : start + len(phrase)] == phrase and not _denied(words[:start])
        for first in set(words) & _UNMISTAKABLE.keys()
        for start in (at for at, word in enumerate(words) if word == first)
        for phrase in _UNMISTAKABLE[first]
    )


def _denied(before: Sequence[str]) -> bool:
    """Whether a "not" belongs to what follows."""
    left = list(before)
    while left and left[-1] in _BETWEEN:
        left.pop()
    return bool(left) and left[-1] in _NOT


def _named(words: Sequence[str]) -> frozenset[Named]:
    joined = " ".join(words)
    found: set[Named] = {_CHANNEL_OF[word] for word in words if word in _CHANNEL_OF}
    if "stopall" in words or "leave me alone" in joined:
        found.add("all")
    return frozenset(found)


def _phrases(*given: str) -> frozenset[str]:
    """Phrases, separated by commas, as they are compared."""
    return frozenset(plain for text in given for each in text.split(",") if (plain := _plain(each)))


_STOP = _phrases(
    # English
    "stop, stopp, stopall, stop all, stop it",
    "unsubscribe, unsub, unsubscribe me, optout, opt out, opt me out",
    "remove, remove me, no more, go away, piss off, fuck off, leave me alone, dnc",
    # Spanish and Portuguese
    "alto, parar, pare, paren, para, detener, detente, deténganse, baja, dar de baja, darme de baja, basta",
    "no más, no molestar, no molesten, sair da lista, descadastrar, descadastre, remover, chega, não quero",
    # French
    "arrêt, arrêter, arrêtez, désabonner, désabonnement, me désabonner, désinscrire, désinscription",
    # German
    "halt, abmelden, abmeldung, abbestellen, austragen",
    "aufhören, hören Sie auf, widerruf, widerrufen, widerspruch",
    # Italian
    "ferma, fermare, fermate, fermatevi, disiscrivi, disiscrivimi, disiscrizione, cancellami, rimuovimi",
    # Dutch, Polish, Czech, Hungarian, Romanian
    "afmelden, uitschrijven, stoppen, zatrzymaj, wypisz, wypisz mnie, wypisać, rezygnuję, rezygnacja",
    "odhlásit, odhlaste, leiratkozás, leiratkozom, dezabonare, opriți, opriti",
    # The north
    "avregistrera, avanmäl, avmeld, afmeld, lopeta, lopettakaa",
    # Turkish, Indonesian, Vietnamese, Tagalog
    "dur, ret, berhenti, từ chối, itigil, tigil",
    # Russian, Ukrainian, Greek, Arabic, Hebrew
    "стоп, остановить, отписаться, отпишите, відписатися, зупинити, στοπ, διαγραφή, إيقاف, توقف, הסר, הסירו",
    # Chinese, Japanese, Korean, Hindi
    "退订, 退訂, td, 停止, 配信停止, 수신거부, बंद, रोको",
)
"""They opt out, also with words around them that say nothing else."""

_STOP_ALONE = _phrases(
    "end, quit, cancel, revoke, exit, fin, salir, cancelar, cancela, eliminar, borrar, sair, fim, annuler",
    "résilier, supprimer, ende, beenden, abbrechen, kündigen, löschen, cancella, annulla, revoca, disdici",
    "einde, annuleren, koniec, anuluj, usuń, konec, avsluta, peru, iptal, çık, отмена, отменить, huỷ, hủy",
    "取消, 解除",
)
"""They opt out where nothing else is said: each has other meanings."""

_ANYWHERE = _phrases(
    "unsubscribe, stopall, opt out, optout, opt me out, take me off, remove me from, remove my number",
    "stop texting, stop calling, stop messaging, stop emailing, stop contacting, stop sending, stop spamming",
    "stop mailing, stop bothering, stop harassing, stop all, quit texting, quit calling, quit bothering",
    "do not text, do not call, do not contact, do not email",
    "do not message, do not send, dont text, dont call",
    "dont contact, dont email, dont message, dont send, never call, never text, never contact, no more texts",
    "no more messages, no more calls, no more emails, leave me alone, lose my number, revoke consent",
    "revoke my consent, withdraw my consent, withdraw consent, do not want your messages",
    "darme de baja, dar de baja, no me llamen, no me llames, no me llame, no me escriban, no me contacten",
    "no me envíen, no me manden, no quiero más mensajes, no quiero más llamadas, dejen de llamar",
    "dejen de escribir, dejen de mandar, quítenme de, não me ligue, não me liguem, não me contacte",
    "não me mande, não me mandem, não envie mais, parem de ligar, parem de mandar, me descadastre",
    "ne m'appelez plus, ne plus m'appeler, ne me contactez plus, ne me contactez pas, ne m'écrivez plus",
    "ne m'envoyez plus, arrêtez de m'appeler, arrêtez de m'écrire, plus de sms, plus d'appels, me désabonner",
    "me désinscrire, désabonnez moi, désinscrivez moi, laissez moi tranquille, retirez moi de",
    "keine sms mehr, keine anrufe mehr, keine e mails mehr, keine mails mehr, keine nachrichten mehr",
    "keine werbung, nicht mehr anrufen, nicht mehr an, nicht mehr kontaktieren, nicht mehr schreiben",
    "mich nicht an, in ruhe, hören sie auf, hört auf, melden sie mich ab, meldet mich ab, von der liste",
    "einwilligung widerrufe, widerrufe meine, widerrufe ich",
    "non chiamatemi, non mi chiamate, non chiamate più, non contattatemi, non mi contattate, non scrivetemi",
    "non mandatemi, smettete di, smettetela, cancellatemi, toglietemi da, lasciatemi in pace",
    "niet meer bellen, bel me niet, bel mij niet, bel niet meer, niet meer sturen, geen sms meer",
    "geen berichten meer, geen mails meer, laat me met rust, schrijf me uit, meld me af",
    "nie dzwonić, nie dzwońcie, nie dzwoń, nie pisać, nie piszcie, nie kontaktować, nie wysyłać",
    "wypisz mnie, wypiszcie mnie, dajcie mi spokój, usuńcie mnie, cofam zgodę, wycofuję zgodę",
    "ring inte, ring ikke, kontakta mig inte, älkää soittako, nevolejte, ne hívjanak, nu mă mai sunați",
    "не звоните, не звони, не пишите, не беспокойте, отпишите меня, не дзвоніть, не пишіть, beni aramayın",
)
"""They mean nothing else, so that they opt out wherever they stand."""

_UNMISTAKABLE: dict[str, list[list[str]]] = {}
for _each in sorted(_ANYWHERE):
    _UNMISTAKABLE.setdefault(_each.split()[0], []).append(_each.split())

_COURTESY = _phrases(
    "please, pls, plz, kindly, thanks, thank, thx, ty, you",
    "u, hi, hello, hey, dear, sir, madam, ok, okay, just",
    "now, immediately, asap, por, favor, porfavor, gracias, hola, ya, svp, stp, sil, vous, te, plaît, merci",
    "bonjour, bitte, danke, hallo, sofort, endlich, grazie",
    "ciao, prego, favore, per, obrigado, obrigada, olá",
    "alstublieft, aub, bedankt, dank, je, graag, proszę",
    "dziękuję, cześć, tack, snälla, hej, takk, tak, kiitos",
    "lütfen, пожалуйста, спасибо, será, already, right, away, at, once, yes, so, well",
)
"""Words that change nothing about what is asked for."""

_AROUND = _phrases(
    "it, this, that, these, those, me, my, i, im",
    "said, say, want, to, all, the, your, from, messages, message",
    "everything, esto, todo, todos, mensajes, mensaje, los, las, el",
    "la, ça, cela, tout, les, des, das, alles, die",
    "diese, nachrichten, questo, tutto, messaggi, isto",
    "tudo, mensagens, dit, berichten, to, wszystko, wiadomości",
    "again, forever, spam, list, lists, number, ads, advertising, werbung, publicidad, publicité, pubblicità",
)
"""Words around a word of opting out that leave no doubt about it."""

_CHANNEL_WORDS: dict[Named, frozenset[str]] = {
    "sms": _phrases("text, texts, texting, txt, txts, sms, smses, texto, textos, textes"),
    "call": _phrases(
        "call, calls, calling, phone, phoning, ring, ringing, llamar, llamadas, llamada, llamen, llames",
        "appel, appels, appeler, appelez, mappeler, mappelez",
        "anruf, anrufe, anrufen, rufen, chiamare, chiamate",
        "chiamatemi, telefonate, ligar, ligue, liguem, ligações, bellen, bel, dzwonić, dzwońcie, dzwoń",
        "звоните, звони, дзвоніть, soittako",
    ),
    "email": _phrases(
        "email, emails, emailing, mail, mails, mailing, correo, correos, courriel, courriels, mailu"
    ),
    "all": _phrases(
        "everything, anything, contact, contacting, kontaktieren, contacten, contactez, contattatemi"
    ),
}
_CHANNEL_OF: dict[str, Named] = {
    word: channel for channel, words in _CHANNEL_WORDS.items() for word in words
} | dict.fromkeys(_phrases("all, todo, tout, alles, tutto, tudo, wszystko"), "all")

_HELP = _phrases(
    "help, help me, info, information, ayuda, aide, hilfe, aiuto, ajuda, hulp, pomoc, pomocy, hjälp, hjelp",
    "hjælp, apua, yardım, pomoć, помощь, допомога, βοήθεια, مساعدة, עזרה",
    "帮助, 幫助, 助けて, ヘルプ, 도움말, मदद",
)
_START = _phrases(
    "start, unstop, opt in, optin, subscribe, resubscribe",
    "resume, alta, inicio, iniciar, reprendre, nonarret",
    "anmelden, abonnieren, iscrivimi, aanmelden, zapisz, zapisz mnie",
)

_NOT = _phrases("not, dont, never, didnt, wont, doesnt, no, nicht, nie, non, niet, não, ne, pas, нет, не")
_BETWEEN = _phrases(
    "to, want, wish, mean, like, please, ever, me, quiero, möchte, will, voglio, quero, wil, chcę"
)
"""Words between a "not" and what it denies."""
