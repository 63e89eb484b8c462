"""Where a conversation may be recorded only with the consent of everybody in it. Not legal advice.

Unknown means yes: consent is needed wherever no law that is known here lets one party's own consent suffice,
and that is the United States less the states below (18 U.S.C. 2511(2)(d)).
"""

from collections.abc import Iterable
from dataclasses import dataclass

from campaigns.core.jurisdiction import Place

_ONE_PARTY = frozenset({"US"})


@dataclass(frozen=True, slots=True)
class ConsentLaw:
    """A law that asks for everybody's consent, or the want of one that does not."""

    country: str
    """ISO 3166-1; empty for wherever nobody knows."""
    subdivision: str
    """ISO 3166-2 less its country; empty for the whole country."""
    source: str
    read: bool = False
    """Whether it was read in its own text."""

    @property
    def name(self) -> str:
        """As in US-CA; ? for wherever nobody knows."""
        return "-".join(each for each in (self.country, self.subdivision) if each) or "?"


_LAWS = {
    (law.country, law.subdivision): law
    for law in (
        ConsentLaw("US", "CA", "Cal. Penal Code 632, 632.7", read=True),
        ConsentLaw("US", "CT", "Conn. Gen. Stat. 52-570d"),
        ConsentLaw("US", "DE", "11 Del. C. 1335(a)(4)"),
        ConsentLaw("US", "FL", "Fla. Stat. 934.03(2)(d)"),
        ConsentLaw("US", "IL", "720 ILCS 5/14-2"),
        ConsentLaw("US", "MD", "Md. Code, Cts. & Jud. Proc. 10-402(c)(3)"),
        ConsentLaw("US", "MA", "Mass. Gen. Laws ch. 272, 99"),
        ConsentLaw("US", "MT", "Mont. Code 45-8-213"),
        ConsentLaw("US", "NV", "Nev. Rev. Stat. 200.620"),
        ConsentLaw("US", "NH", "N.H. Rev. Stat. 570-A:2"),
        ConsentLaw("US", "PA", "18 Pa. C.S. 5703, 5704(4)"),
        ConsentLaw("US", "WA", "RCW 9.73.030", read=True),
        ConsentLaw(
            "AU", "", "Telecommunications (Interception and Access) Act 1979, s. 6, and the states' own"
        ),
        ConsentLaw("CA", "", "PIPEDA, Sch. 1, 4.3; Criminal Code s. 184(2)(a) alone would not ask for it"),
        ConsentLaw("DE", "", "StGB 201"),
        ConsentLaw("FR", "", "Code pénal 226-1"),
        ConsentLaw("GB", "", "UK GDPR art. 6; SI 2018/356"),
    )
}
_NOWHERE = ConsentLaw("", "", "nobody knows where the person is")


def consent_laws(place: Place) -> tuple[ConsentLaw, ...]:
    """The laws that ask for the consent of a person who may be at a place; none where none does, by name.

    One of them is enough: whoever may be in California is asked. A country of which nothing is known here
    asks as well.
    """
    if not place.countries:
        return (_NOWHERE,)
    found = {law for country in place.countries for law in _laws_of(country, place)}
    return tuple(sorted(found, key=lambda law: law.name))


def _laws_of(country: str, place: Place) -> Iterable[ConsentLaw]:
    if country not in _ONE_PARTY:
        yield _LAWS.get((country, ""), ConsentLaw(country, "", "no law is known that asks for less"))
        return
    parts = place.subdivisions_of(country)
    yield from (
        law for law in _LAWS.values() if law.country == country and (not parts or law.subdivision in parts)
    )
