"""Writes the sample lead file and the do-not-call file that ship with the program: always the same ones.

    python bench/make_demo_leads.py [FOLDER]

Nobody real is named: numbers come from the ranges that numbering authorities keep for fiction, as far as
phonenumbers takes those for valid (North America 555-01xx; Ofcom, ARCEP, Bundesnetzagentur, ACMA, PTS);
where a country keeps none, they follow a 000 or 555 pattern. The demo calls nobody: its carrier is simulated.
"""

import csv
import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path

import phonenumbers
from phonenumbers import PhoneNumberFormat

HEADER = (
    *("external_id", "phone", "phone2", "phone3", "first_name", "last_name", "email", "country", "region"),
    *("postal_code", "timezone", "language", "priority", "not_before"),
    *("consent_channel", "consent_basis", "consent_at", "product_interest", "last_order"),
)
SEED = 2026
GOOD_ROWS = 512
DNC_NUMBERS = 12

Row = dict[str, str]


@dataclass(frozen=True)
class Place:
    """Somewhere leads live; `pattern` is a national number with # for the digits that vary."""

    country: str
    pattern: str
    region: str = ""
    postal: str = ""
    timezone: str = ""
    language: str = "en"


def _north_america(country: str, table: str) -> list[Place]:
    places = []
    for line in table.strip().splitlines():
        area_code, region, postal, timezone = line.split()
        places.append(Place(country, f"{area_code}55501##", region, postal.replace("_", " "), timezone))
    return places


US = _north_america(
    "US",
    """
    212 NY 100## America/New_York
    305 FL 331## America/New_York
    404 GA 303## America/New_York
    617 MA 021## America/New_York
    202 DC 200## America/New_York
    215 PA 191## America/New_York
    313 MI 482## America/Detroit
    407 FL 328## America/New_York
    704 NC 282## America/New_York
    206 WA 981## America/Los_Angeles
    415 CA 941## America/Los_Angeles
    213 CA 900## America/Los_Angeles
    702 NV 891## America/Los_Angeles
    503 OR 972## America/Los_Angeles
    312 IL 606## America/Chicago
    512 TX 787## America/Chicago
    713 TX 770## America/Chicago
    504 LA 701## America/Chicago
    612 MN 554## America/Chicago
    405 OK 731## America/Chicago
    303 CO 802## America/Denver
    801 UT 841## America/Denver
    505 NM 871## America/Denver
    602 AZ 850## America/Phoenix
    808 HI 968## Pacific/Honolulu
    907 AK 995## America/Anchorage
    208 ID 837## America/Boise
    850 FL 325## America/Chicago
    605 SD 577## America/Denver
    701 ND 581## America/Chicago
    812 IN 477## America/Chicago
    906 MI 498## America/Detroit
    928 AZ 860## America/Phoenix
    541 OR 977## America/Los_Angeles
    775 NV 895## America/Los_Angeles
    423 TN 374## America/New_York
    """,
)
CANADA = _north_america(
    "CA",
    """
    416 ON M5V_2T6 America/Toronto
    514 QC H2X_1Y4 America/Toronto
    604 BC V6B_1A1 America/Vancouver
    403 AB T2P_1J9 America/Edmonton
    204 MB R3C_0V8 America/Winnipeg
    306 SK S4P_3Y2 America/Regina
    902 NS B3J_1S9 America/Halifax
    709 NL A1C_5S7 America/St_Johns
    867 YT Y1A_2C6 America/Whitehorse
    """,
)
BRITAIN = [
    Place("GB", "020 7946 0###", "London", "EC1A 1BB", "Europe/London"),
    Place("GB", "0121 496 0###", "Birmingham", "B1 1AA", "Europe/London"),
    Place("GB", "0131 496 0###", "Edinburgh", "EH1 1YZ", "Europe/London"),
    Place("GB", "0161 496 0###", "Manchester", "M1 1AE", "Europe/London"),
    Place("GB", "0191 498 0###", "Tyneside", "NE1 4LP", "Europe/London"),
    Place("GB", "028 9649 6###", "Belfast", "BT1 5GS", "Europe/London"),
    Place("GB", "029 2018 0###", "Cardiff", "CF10 1EP", "Europe/London"),
]
GERMANY = [
    Place("DE", "030 23125 ###", "Berlin", "101##", "Europe/Berlin", "de"),
    Place("DE", "069 90009 ###", "Hessen", "603##", "Europe/Berlin", "de"),
    Place("DE", "040 66969 ###", "Hamburg", "200##", "Europe/Berlin", "de"),
    Place("DE", "0221 4710 ###", "Nordrhein-Westfalen", "506##", "Europe/Berlin", "de"),
    Place("DE", "089 99998 ###", "Bayern", "803##", "Europe/Berlin", "de"),
    Place("DE", "0171 39200 ##", "Bayern", "904##", "Europe/Berlin", "de"),
]
FRANCE = [
    Place("FR", "01 99 00 ## ##", "Île-de-France", "750##", "Europe/Paris", "fr"),
    Place("FR", "02 61 91 ## ##", "Bretagne", "350##", "Europe/Paris", "fr"),
    Place("FR", "03 53 01 ## ##", "Alsace", "670##", "Europe/Paris", "fr"),
    Place("FR", "04 65 71 ## ##", "Provence", "130##", "Europe/Paris", "fr"),
    Place("FR", "05 36 49 ## ##", "Occitanie", "310##", "Europe/Paris", "fr"),
]
AUSTRALIA = [
    Place("AU", "02 5550 ####", "NSW", "20##", "Australia/Sydney"),
    Place("AU", "03 7010 ####", "VIC", "30##", "Australia/Melbourne"),
    Place("AU", "07 5550 ####", "QLD", "40##", "Australia/Brisbane"),
    Place("AU", "08 7010 ####", "SA", "50##", "Australia/Adelaide"),
]
ASIA_AND_PACIFIC = [
    Place("IN", "90000 00###", "Maharashtra", "4000##", "Asia/Kolkata", "hi"),
    Place("IN", "022 5555 0###", "Maharashtra", "4000##", "Asia/Kolkata", "en"),
    Place("PH", "0917 000 0###", "NCR", "10##", "Asia/Manila", "fil"),
    Place("JP", "090 1234 0###", "東京都", "100-00##", "Asia/Tokyo", "ja"),
    Place("JP", "03 5555 0###", "東京都", "104-00##", "Asia/Tokyo", "ja"),
    Place("NZ", "09 555 0###", "Auckland", "10##", "Pacific/Auckland", "en-NZ"),
    Place("KR", "010 2000 0###", "서울", "045##", "Asia/Seoul", "ko"),
    Place("CN", "131 0000 0###", "上海", "2000##", "Asia/Shanghai", "zh"),
    Place("SG", "6555 0###", "", "0189##", "Asia/Singapore", "en"),
]
LATIN_AMERICA = [
    Place("BR", "11 90000 0###", "SP", "010##-000", "America/Sao_Paulo", "pt"),
    Place("BR", "92 90000 0###", "AM", "690##-000", "America/Manaus", "pt"),
    Place("MX", "55 5555 0###", "CDMX", "060##", "America/Mexico_City", "es"),
    Place("MX", "664 555 0###", "BC", "220##", "America/Tijuana", "es"),
    Place("AR", "011 5555 0###", "CABA", "C10##", "America/Argentina/Buenos_Aires", "es"),
]
ELSEWHERE = [
    Place("ZA", "021 555 0###", "Western Cape", "80##", "Africa/Johannesburg", "en"),
    Place("NG", "0802 000 0###", "Lagos", "1002##", "Africa/Lagos", "en"),
    Place("KE", "0712 000###", "Nairobi", "001##", "Africa/Nairobi", "en"),
    Place("EG", "010 0000 0###", "القاهرة", "115##", "Africa/Cairo", "ar"),
    Place("IL", "050 200 0###", "תל אביב", "61000##", "Asia/Jerusalem", "he"),
    Place("ES", "600 000 ###", "Madrid", "280##", "Europe/Madrid", "es"),
    Place("ES", "91 555 0###", "Madrid", "280##", "Europe/Madrid", "es"),
    Place("PL", "22 555 0###", "Mazowieckie", "00-0##", "Europe/Warsaw", "pl"),
    Place("PL", "500 000 ###", "Małopolskie", "30-0##", "Europe/Warsaw", "pl"),
    Place("SE", "070 1740 6##", "Stockholm", "111 ##", "Europe/Stockholm", "sv"),
    Place("GR", "691 000 0###", "Αττική", "105 ##", "Europe/Athens", "el"),
    Place("UA", "050 000 0###", "Київ", "010##", "Europe/Kyiv", "uk"),
    Place("IT", "06 5550 1###", "Lazio", "001##", "Europe/Rome", "it"),
    Place("TR", "0501 000 0###", "İstanbul", "340##", "Europe/Istanbul", "tr"),
]
SHARES = [
    (US, 46), (CANADA, 8), (BRITAIN, 9), (GERMANY, 6), (FRANCE, 6), (AUSTRALIA, 5),
    (ASIA_AND_PACIFIC, 9), (LATIN_AMERICA, 5), (ELSEWHERE, 10),
]  # fmt: skip

NAMES = {
    "en": (
        "James Mary Aoife Tyrone Linda Omar Grace Noah Siobhán Renée",
        "Smith O'Brien Nguyen Johnson García MacLeod Patel Okafor Lee D'Angelo",
    ),
    "de": ("Jürgen Käthe Lukas Sönke Frieda Björn", "Müller Weiß Schäfer von_Bülow Groß Yıldız"),
    "fr": ("Chloé François Zoé Jérôme Anaïs Loïc", "Lefèvre Benoît Müntz d'Aubigné Traoré Garçon"),
    "hi": ("अमित प्रिया राहुल सुनीता", "शर्मा पाटिल वर्मा सिंह"),
    "fil": ("Maria_Luz José Jun-jun Analyn", "dela_Cruz Reyes Peñaflor Santos"),
    "ja": ("太郎 花子 健一 さくら", "山田 佐藤 鈴木 髙橋"),
    "ko": ("민준 서연 지훈", "김 이 박"),
    "zh": ("伟 芳 秀英", "王 李 欧阳"),
    "pt": ("João Antônia Conceição Luís", "Gonçalves Araújo Magalhães Leão"),
    "es": ("Begoña Íñigo Ángel Lucía", "Núñez Ibáñez Peña Güell"),
    "ar": ("محمد فاطمة ليلى", "الحسن منصور يوسف"),
    "he": ("נועה דוד יעל", "כהן לוי מזרחי"),
    "pl": ("Łukasz Małgorzata Święcimir Zofia", "Wójcik Żółkiewski Dąbrowska Śliwa"),
    "sv": ("Åsa Björn Örjan", "Åkesson Öberg Sjögren"),
    "el": ("Γιώργος Ελένη Νίκος", "Παπαδόπουλος Ιωάννου Οικονόμου"),
    "uk": ("Олена Тарас Їванна", "Шевченко Коваль Ґудзь"),
    "it": ("Niccolò Mariù Cosimo", "Dell'Acqua Niccolai Però"),
    "tr": ("Gökçe İbrahim Çağla", "Şahin Öztürk Iğdır"),
}  # fmt: skip
INTERESTS = (
    *("Solar panels", "Solar panels, 6 kW", "Heat pump", "Broadband 500", 'Home insurance "Plus"', "", ""),
    *("Fibre\nasked for a call in the evening", "Battery storage, 10 kWh\nhas a dog", "Car lease; 36 months"),
    *("=Premium support", "@home bundle", "Wärmedämmung", "太陽光発電"),
)
BAD_PHONES: dict[str, tuple[int, tuple[str, ...]]] = {
    "too short": (22, ("555-01##", "55501##", "(415) 555", "020 7946", "+49 30 23", "3125 0##")),
    "too long": (11, ("+1 415 555 01## 4155", "212-555-01##-212-555-01##", "+33 1 99 00 12 34 56 78")),
    "invalid": (
        24,
        ("(199) 555-01##", "+1 000 555 01##", "+44 7700 900###", "+33 6 39 98 ## ##", "000-000-0000"),
    ),
    "no number": (
        18,
        ("n/a", "unknown", "no phone", "call reception", "-", "refused to say", "jane@example.com"),
    ),
    "empty": (14, ("", "   ")),
    "rounded": (10, ("6.39171E+11", "4.42079E+11", "1.41556E+10", "3,31990E+10")),
    "no country": (7, ("+999 123 456 7##", "+210 555 01 ##", "+0 415 555 01##")),
    "nobody there": (8, ("911", "1-900-555-01##", "112", "411", "+44 909 879 0###")),
}
"""Kind to how many rows have such a phone, and what they say; # stands for a digit."""


@dataclass
class Maker:
    """Draws leads with numbers that no other lead has."""

    random: random.Random
    used: set[str] = field(default_factory=set)
    serial: int = 1000

    def number(self, place: Place) -> phonenumbers.PhoneNumber:
        while True:
            parsed = phonenumbers.parse(self.digits(place.pattern), place.country)
            e164 = phonenumbers.format_number(parsed, PhoneNumberFormat.E164)
            if e164 not in self.used:
                assert phonenumbers.is_valid_number(parsed), e164
                self.used.add(e164)
                return parsed

    def digits(self, pattern: str) -> str:
        return "".join(str(self.random.randint(0, 9)) if c == "#" else c for c in pattern)

    def lead(self, place: Place) -> Row:
        """A lead without a phone."""
        firsts, lasts = NAMES.get(place.language.split("-")[0], NAMES["en"])
        first, last = (self.random.choice(names.split()).replace("_", " ") for names in (firsts, lasts))
        self.serial += self.random.randint(1, 9)
        row = dict.fromkeys(HEADER, "")
        row |= {
            "external_id": f"CRM-{self.serial:05}",
            "first_name": first,
            "last_name": last,
            "email": f"lead{self.serial}@example.{self.random.choice(['com', 'net', 'org'])}",
            "country": place.country,
            "region": place.region,
            "postal_code": self.digits(place.postal),
            "language": place.language,
            "timezone": place.timezone if self.random.random() < 0.35 else "",
            "priority": self.random.choice(["", "", "0", "5", "10"]),
            "product_interest": self.random.choice(INTERESTS),
            "last_order": self.random.choice(
                ["", f"2025-{self.random.randint(1, 12):02}-14", "never", "€ 1.240,00"]
            ),
        }
        if self.random.random() < 0.85:
            row |= {
                "consent_channel": "call, automated call",
                "consent_basis": "express written",
                "consent_at": "2026-01-12T10:15:00Z",
            }
        return row

    def place(self) -> Place:
        [places] = self.random.choices([p for p, _ in SHARES], [share for _, share in SHARES])
        return self.random.choice(places)

    def written(self, number: phonenumbers.PhoneNumber) -> str:
        """The number as somebody typed it."""
        national = phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)
        international = phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)
        e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
        return self.random.choice(
            [
                e164, e164, e164, international, international, national, national, national,
                national.replace("-", ".").replace(" ", "."),
                national.replace(" ", "\u00a0"),
                f"'{e164}",
                f"'{national}",
                f"00{e164[1:]}",
                f"011 {international[1:]}",
                f"  {international} ",
                international.translate(str.maketrans("+0123456789-", "＋０１２３４５６７８９－")),
                f"tel:{e164}",
                f"{national} x{self.random.randint(10, 999)}" if number.country_code == 1 else e164,
                f"{international} ext. {self.random.randint(10, 99)}" if number.country_code == 1 else e164,
                f"{international} (mobile)",
            ]
        )  # fmt: skip


def good_rows(maker: Maker) -> list[Row]:
    """Leads that are accepted, some with a second phone (good or bad) or a value that is left out."""
    rows = []
    for i in range(GOOD_ROWS):
        place = maker.place()
        row = maker.lead(place) | {"phone": maker.written(maker.number(place))}
        if i % 9 == 0:
            row["phone2"] = maker.written(maker.number(place))
        if i % 31 == 0:
            row["phone3"] = maker.random.choice(["n/a", "same", "555-0123", "6.39171E+11"])
        if i % 47 == 0:
            row["email"] = maker.random.choice(["at work", "lead@", "none"])
        if i % 53 == 0:
            row["priority"] = "high"
        if i % 41 == 0:
            row["not_before"] = maker.random.choice(
                ["2026-01-15", "2026-02-01T09:00", "2026-03-01T09:00:00+01:00"]
            )
        if i % 29 == 0:
            row["country"] = {"US": "USA", "GB": "United Kingdom", "DE": "Deutschland"}.get(
                row["country"], row["country"]
            )
        rows.append(row)
    return rows + list(special_rows(maker))


def special_rows(maker: Maker) -> Iterator[Row]:
    """Numbers that say little of the place: toll-free, whole-country mobiles, and a fictional Jamaican."""
    for i, prefix in enumerate(("888", "877", "866", "855", "844", "833", "888", "877")):
        row = maker.lead(US[i]) | {"phone": f"1-{prefix}-555-01{i:02}"}
        yield row | {"timezone": US[i].timezone if i % 2 else ""}
    for last in ("006", "156", "157", "158", "159", "110"):
        yield maker.lead(AUSTRALIA[0]) | {"phone": f"0491 570 {last}", "timezone": ""}
    yield maker.lead(Place("JM", "")) | {"phone": "876-555-0142", "timezone": "America/Jamaica"}


def repeated_rows(maker: Maker, good: list[Row]) -> list[Row]:
    """Rows about leads that the file has already: by phone, by external id, or word for word."""
    rows = []
    for i, original in enumerate(maker.random.sample(good[:GOOD_ROWS], 42)):
        row = dict(original)
        if i % 7 == 0:
            rows.append(row)
        elif i % 4 == 0:
            place = next(p for places, _ in SHARES for p in places if p.region == original["region"])
            rows.append(row | {"phone": maker.written(maker.number(place)), "phone2": ""})
        else:
            country = {"USA": "US", "United Kingdom": "GB", "Deutschland": "DE"}.get(
                row["country"], row["country"]
            )
            number = phonenumbers.parse(_plain(row["phone"]), country)
            email = f"new.{row['email']}" if "@example" in row["email"] else ""
            rows.append(row | {"phone": maker.written(number), "external_id": "", "email": email})
    return rows


def _plain(text: str) -> str:
    text = text.strip().lstrip("'").replace("(mobile)", "").removeprefix("tel:")
    for prefix in ("011 ", "00"):
        text = f"+{text.removeprefix(prefix)}" if text.startswith(prefix) else text
    return text


def bad_rows(maker: Maker) -> list[Row]:
    """Leads that are rejected, for every reason there is."""
    rows = []
    for count, patterns in BAD_PHONES.values():
        for _, pattern in zip(range(count), cycle(patterns), strict=False):
            rows.append(maker.lead(maker.random.choice(US)) | {"phone": maker.digits(pattern)})
    wrong_values = [
        ("country", ["Narnia", "Yugoslavia", "ZZ", "??", "Ruritania"]),
        ("timezone", ["PST", "Pacific Time", "Europe/Munich", "GMT-5 (approx.)", "Eastern", "UTC+25"]),
        ("not_before", ["next Tuesday", "03/15/2026", "after Easter", "2026-02-30"]),
    ]
    for column, values in wrong_values:
        for value in values:
            place = maker.random.choice(US)
            row = maker.lead(place) | {"phone": maker.written(maker.number(place)), column: value}
            rows.append(row)
    return rows


def odd_rows(maker: Maker) -> list[list[str]]:
    """Rows that are broken as rows: one cell too many, or nothing at all."""
    rows = []
    for _ in range(4):
        place = maker.random.choice(US)
        row = list((maker.lead(place) | {"phone": maker.written(maker.number(place))}).values())
        rows.append([*row[:5], "Jr.", *row[5:-1], "2025-12-24"])
    return rows + [[""] * len(HEADER)] * 3


def write(folder: Path) -> None:
    """Writes demo-leads.csv and demo-dnc.csv."""
    maker = Maker(random.Random(SEED))
    good = good_rows(maker)
    maker.random.shuffle(good)
    dictionaries = good + bad_rows(maker) + repeated_rows(maker, good)
    rows = [list(row.values()) for row in dictionaries] + odd_rows(maker)
    maker.random.shuffle(rows)
    with (folder / "demo-leads.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADER)
        writer.writerows(rows)
    with (folder / "demo-dnc.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["phone", "reason"])
        reasons = cycle(["asked on a call", "asked by letter", "national register"])
        numbers = [
            row["phone"] for row in good if row["phone"][1:].isdecimal() and row["phone"].startswith("+")
        ]
        writer.writerows([phone, next(reasons)] for phone in numbers[:DNC_NUMBERS])


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent.parent / "leads" / "data")
