"""What the header of a column means: a field of a lead, or a phone and whose it is."""

import re
import unicodedata
from collections.abc import Mapping

ALIASES: Mapping[str, tuple[str, ...]] = {
    "external_id": ("externalid", "leadid", "customerid", "contactid", "vendorleadcode", "reference", "id"),
    "phone_code": ("phonecode", "dialcode", "diallingcode", "callingcode", "phonecountrycode"),
    "first_name": ("firstname", "givenname", "forename", "vorname", "prenom", "name", "fullname", "contact"),
    "last_name": ("lastname", "surname", "familyname", "nachname", "nom", "apellido"),
    "email": ("email", "emailaddress", "mail"),
    "country": ("country", "countrycode", "land", "pays", "pais"),
    "region": ("region", "state", "province", "stateprovince", "county"),
    "postal_code": ("postalcode", "postcode", "zip", "zipcode", "plz"),
    "timezone": ("timezone", "tz", "zone"),
    "language": ("language", "lang", "locale"),
    "owner": ("owner", "leadowner", "accountowner", "accountmanager", "salesrep", "assignedto"),
    "priority": ("priority", "prio"),
    "rank": ("rank", "score", "leadscore"),
    "best_time": ("besttime", "besttimetocall", "bestcalltime", "preferredtime", "callbetween"),
    "not_before": ("notbefore", "callafter", "notcallbefore"),
    "consent_channel": ("consentchannel",),
    "consent_basis": ("consentbasis", "consenttype", "consent"),
    "consent_source": ("consentsource",),
    "consent_at": ("consentat", "consentdate", "consenttime", "consentgivenat", "optindate"),
}
"""Field to the headers taken for it, the best first, in lower case without accents, spaces and marks."""

PRESETS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "vicidial": (
        ("vendor_lead_code", "external_id"),
        ("source_id", ""),
        ("list_id", ""),
        ("phone_code", "phone_code"),
        ("phone_number", "phone"),
        ("title", ""),
        ("first_name", "first_name"),
        ("middle_initial", ""),
        ("last_name", "last_name"),
        ("address1", ""),
        ("address2", ""),
        ("address3", ""),
        ("city", ""),
        ("state", "region"),
        ("province", ""),
        ("postal_code", "postal_code"),
        ("country_code", "country"),
        ("gender", ""),
        ("date_of_birth", ""),
        ("alt_phone", "phone2"),
        ("email", "email"),
        ("security_phrase", ""),
        ("comments", ""),
    )
}
"""Another program's columns in its order, each with its field; the others are kept as custom fields."""

PHONE_FIELD = re.compile(r"phone([2-9]|[1-9][0-9])?")
"""phone, phone2, phone3, …: the order in which they are dialed."""

_LABELS = {
    "mobile": "mobile|cell|cellphone|cellular|handy|celular|movil|portable",
    "home": "home|private|privat|residence",
    "work": "work|business|office|company",
    "alternate": "alt|alternate|alternative|other|second|secondary",
    "main": "main|primary",
    "day": "day|daytime",
    "evening": "evening",
}
_LABEL_OF_WORD = {word: label for label, words in _LABELS.items() for word in words.split("|")}
MAX_LABEL_CHARS = 20

_KIND = "|".join(sorted(_LABEL_OF_WORD, key=len, reverse=True))
_WORD = "phone|telephone|tel|mobile|cell|handy|telefon|telefono|telefone|celular|movil|portable"
_PHONE_HEADER = re.compile(
    rf"(?P<before>{_KIND})?(?P<word>{_WORD})(?P<after>{_KIND}|number|no|num|nr|nummer)?\d{{0,2}}(value)?"
)
_TYPE_HEADER = re.compile(r"(?P<phone>.+?)(type|label|kind)")
_MARKS = re.compile(r"[\W_]+")


def fold(header: str) -> str:
    """A header without case, accents, spaces and punctuation: "Téléphone (2)" is "telephone2"."""
    decomposed = unicodedata.normalize("NFKD", header)
    bare = "".join(c for c in decomposed if not unicodedata.combining(c))
    return _MARKS.sub("", bare.casefold())


def phone_label(folded: str) -> str | None:
    """Whose phone a folded header names (mobile, home, work, …; "" where it does not say); None if none."""
    match = _PHONE_HEADER.fullmatch(folded)
    if not match:
        return None
    words = (match["before"], match["after"], match["word"])
    return next((_LABEL_OF_WORD[word] for word in words if word in _LABEL_OF_WORD), "")


def label_of(text: str) -> str:
    """A label as it is kept, from a cell such as "Cell" or "Mother's"; shortened where it is too long."""
    return _LABEL_OF_WORD.get(fold(text)) or text.casefold()[:MAX_LABEL_CHARS].strip()


def phone_typed_by(folded: str) -> str | None:
    """The beginning of the phone's folded header for one such as "Phone 2 Type"; None if it is no such."""
    match = _TYPE_HEADER.fullmatch(folded)
    return match["phone"] if match and phone_label(match["phone"]) is not None else None
