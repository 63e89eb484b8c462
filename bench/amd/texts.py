"""What people and machines say when they answer, by language. `|` is a pause; a `{name}` is filled in."""

from collections.abc import Mapping, Sequence

Texts = Mapping[str, Sequence[str]]
"""Kind of greeting to its texts. Those at even places tune the detector, the others test it."""

NAMES = (
    "Miller",
    "Okafor",
    "Jansen",
    "Rossi",
    "Duarte",
    "Kowalski",
    "Lefevre",
    "Schneider",
    "Ivanov",
    "Lind",
)

PERSONS: Mapping[str, Texts] = {
    "en": {
        "short": (
            "Hello?",
            "Yes?",
            "Hi.",
            "Yeah, hello?",
            "Speaking.",
            "Hello, hello?",
            "Who's this?",
            "Hiya!",
        ),
        "household": (
            "{name} residence.",
            "Hello, this is {name}.",
            "Yes, who is calling please?",
            "Hello, | {name} speaking.",
            "Good evening, the {name}s.",
            "Hi, | yes, | who is this?",
        ),
        "business": (
            "Good morning, {name} and sons, | how may I help you?",
            "{name} logistics, | this is Anna, | what can I do for you?",
            "Thank you for calling {name} dental, | Mary speaking.",
            "Good afternoon, {name} hardware, | Tom speaking, | how can I direct your call?",
            "Thank you for calling {name} insurance, your partner for home and car, | Susan speaking, | "
            "how may I help you today?",
            "Hello and welcome to {name} travel, | you are speaking with Peter Brown, | how can I help?",
            "{name} plumbing, good morning.",
            "Good morning, law offices of {name} and partners, | can you hold please?",
            "Hello, {name} pizza, | is that pick up or delivery?",
            "Front desk, | this is Laura.",
            "Reception, good afternoon, | who would you like to speak to?",
            "{name} motors, service department, | Dave speaking.",
            "Thanks for calling {name} fitness, | where every day counts, | this is Kim, | how can I help?",
            "City hall, | office of the clerk, | how may I direct your call?",
            "You've reached the {name} agency, | this is Karen speaking, | good morning.",
            "Accounts payable, | {name} speaking.",
        ),
    },
    "de": {
        "short": ("Hallo?", "Ja?", "Ja, bitte?", "Hallo, wer ist da?"),
        "household": ("{name}.", "Bei {name}, guten Tag.", "{name}, hallo?", "Ja, {name} am Apparat."),
        "business": (
            "Firma {name}, guten Tag, | was kann ich für Sie tun?",
            "{name} Versicherung, mein Name ist Weber, | guten Morgen.",
            "Autohaus {name}, | Sie sprechen mit Frau Keller, | wie kann ich Ihnen helfen?",
            "Praxis Doktor {name}, guten Tag, | einen Moment bitte.",
            "Stadtverwaltung, Bürgerbüro, | mein Name ist {name}, | guten Tag.",
            "Grüß Gott, Gasthof {name}, | was darf es sein?",
        ),
    },
    "fr": {
        "short": ("Allô?", "Oui?", "Oui, allô?", "Allô, c'est qui?"),
        "household": (
            "Allô, {name}.",
            "Oui bonjour, qui est à l'appareil?",
            "{name}, bonjour.",
            "Oui, j'écoute.",
        ),
        "business": (
            "Société {name}, bonjour, | que puis-je faire pour vous?",
            "Cabinet {name}, Sophie à votre écoute, | bonjour.",
            "Garage {name} bonjour, | je vous écoute.",
            "Mairie, service technique, | bonjour.",
            "{name} immobilier, | Julien à l'appareil, | bonjour.",
            "Bonjour et bienvenue chez {name}, | Claire à l'appareil, | en quoi puis-je vous aider?",
        ),
    },
    "es": {
        "short": ("¿Diga?", "¿Sí?", "¿Bueno?", "¿Aló, quién habla?"),
        "household": ("Casa de {name}.", "¿Sí, dígame?", "¿Hola, con quién hablo?", "Habla {name}."),
        "business": (
            "Buenos días, {name} y asociados, | ¿en qué puedo ayudarle?",
            "Talleres {name}, | buenas tardes.",
            "Gracias por llamar a {name}, | le atiende Lucía, | ¿en qué le puedo servir?",
            "Clínica {name}, buenos días, | dígame.",
            "Recepción, buenas tardes, | le habla Carlos.",
            "Restaurante {name}, | ¿desea hacer una reserva?",
        ),
    },
    "it": {
        "short": ("Pronto?", "Sì?", "Pronto, chi parla?", "Sì, pronto?"),
        "household": ("Casa {name}.", "Pronto, sono {name}.", "Sì, mi dica.", "Pronto, con chi parlo?"),
        "business": (
            "{name} assicurazioni, buongiorno, | come posso aiutarla?",
            "Studio {name}, | buonasera.",
            "Officina {name} buongiorno, | sono Marco, | mi dica.",
            "Ristorante {name}, buonasera, | mi dica pure.",
            "Comune, ufficio anagrafe, | buongiorno, | chi parla?",
            "Grazie per aver chiamato {name}, | sono Giulia, | in cosa posso esserle utile?",
        ),
    },
    "ru": {
        "short": ("Алло?", "Да?", "Слушаю.", "Алло, кто это?"),
        "household": ("Квартира Петровых.", "Да, я слушаю вас.", "Алло, говорите.", "Да, кто говорит?"),
        "business": (
            "Компания Вектор, добрый день, | чем могу помочь?",
            "Автосервис, здравствуйте.",
            "Добрый день, клиника Здоровье, | администратор Ольга, | слушаю вас.",
            "Магазин Север, | здравствуйте.",
            "Приёмная, | слушаю вас.",
            "Такси, добрый вечер, | куда едем?",
        ),
    },
}

MACHINES: Mapping[str, Texts] = {
    "en": {
        "mailbox": (
            "Hi, | this is {name}. | I can't come to the phone right now, | please leave a message after "
            "the tone.",
            "You have reached the {name} family. | We are not at home at the moment, | please leave your "
            "name and "
            "number and we will call you back.",
            "Hello, you've reached the voice mail of {name}. | I am either on the phone or away from my "
            "desk. | "
            "Leave a message and I will get back to you as soon as possible.",
            "Hey, it's {name}, | you know what to do.",
            "Hi, you have reached {name}'s cell phone, | sorry I missed your call, | please leave a message.",
            "Leave a message.",
            "Hi, this is {name}, | I'm driving or in a meeting, | please text me or leave a message, | "
            "thank you.",
            "Hello. | You have reached my voice mail. | Please leave your name, | your number, | and a "
            "short message.",
            "Thank you for calling {name} plumbing. | Our office hours are nine to five, Monday to Friday. "
            "| Please "
            "leave a message after the beep.",
            "Hello? | Just kidding, this is a machine, | leave me a message after the beep.",
            "This is the {name} residence, we can't get to the phone, so please leave a message and have a "
            "great day.",
            "Hi. | You've reached {name}. | Please leave a message. | Bye.",
        ),
        "carrier": (
            "Your call has been forwarded to an automated voice message system. | The person you are "
            "calling is "
            "not available. | At the tone, please record your message.",
            "The number you have dialed is not in service. | Please check the number and dial again.",
            "The person you are trying to reach is not accepting calls at this time. | Please try your "
            "call later.",
            "We're sorry, | your call cannot be completed as dialed. | Please hang up and try again.",
        ),
        "menu": (
            "Thank you for calling {name} bank. | For English, press one. | For Spanish, press two.",
            "Welcome to {name} airlines. | Your call may be recorded. | Please listen carefully as our "
            "menu options "
            "have changed.",
        ),
    },
    "de": {
        "mailbox": (
            "Guten Tag, | dies ist der Anschluss von {name}. | Wir sind zurzeit nicht erreichbar, | bitte "
            "hinterlassen Sie eine Nachricht nach dem Signalton.",
            "Hallo, hier ist die Mailbox von {name}, | ich rufe gerne zurück, | sprechen Sie nach dem Ton.",
            "Sie rufen außerhalb unserer Geschäftszeiten an. | Wir sind montags bis freitags von acht bis "
            "siebzehn "
            "Uhr für Sie da.",
            "Hallo, | wir sind gerade nicht da, | Nachrichten bitte nach dem Piep.",
        ),
        "carrier": (
            "Die gewählte Rufnummer ist nicht vergeben. | Bitte rufen Sie die Auskunft an.",
            "Der gewünschte Gesprächspartner ist zurzeit nicht erreichbar. | Bitte versuchen Sie es später "
            "noch "
            "einmal.",
        ),
    },
    "fr": {
        "mailbox": (
            "Bonjour, | vous êtes bien sur le répondeur de {name}. | Je ne suis pas disponible pour le "
            "moment, | "
            "laissez-moi un message après le bip.",
            "Vous êtes sur la messagerie de {name}, | merci de laisser vos coordonnées, | je vous "
            "rappellerai.",
            "Bonjour, | nos bureaux sont actuellement fermés, | merci de rappeler du lundi au vendredi.",
            "Salut, c'est {name}, | je ne peux pas répondre, | laisse un message.",
        ),
        "carrier": (
            "Le numéro que vous avez composé n'est pas attribué. | Veuillez consulter l'annuaire.",
            "Votre correspondant n'est pas joignable actuellement. | Veuillez rappeler ultérieurement.",
        ),
    },
    "es": {
        "mailbox": (
            "Hola, | ha llamado a la familia {name}. | En este momento no podemos atenderle, | deje su "
            "mensaje "
            "después de la señal.",
            "Este es el buzón de voz de {name}, | por favor deje su nombre y su teléfono, | gracias.",
            "Nuestro horario de atención es de nueve a seis. | Por favor, deje su mensaje.",
            "Hola, soy {name}, | ahora no puedo contestar, | deja tu recado.",
        ),
        "carrier": (
            "El número que usted marcó no está disponible. | Le sugerimos llamar más tarde.",
            "El teléfono al que llama está apagado o fuera de cobertura en este momento.",
        ),
    },
    "it": {
        "mailbox": (
            "Salve, | risponde la segreteria telefonica di {name}. | Al momento non siamo in casa, | "
            "lasciate un "
            "messaggio dopo il segnale acustico.",
            "Ciao, sono {name}, | adesso non posso rispondere, | lascia un messaggio e ti richiamo.",
            "I nostri uffici sono chiusi. | Vi preghiamo di richiamare dalle nove alle diciotto.",
            "Questa è la segreteria di {name}. | Parlate dopo il segnale.",
        ),
        "carrier": (
            "Il numero da lei selezionato è inesistente. | La preghiamo di verificare il numero.",
            "Il cliente da lei chiamato non è al momento raggiungibile. | La preghiamo di richiamare più "
            "tardi.",
        ),
    },
    "ru": {
        "mailbox": (
            "Здравствуйте, | вы позвонили в семью Петровых. | Сейчас нас нет дома, | оставьте сообщение "
            "после "
            "сигнала.",
            "Это автоответчик. | Пожалуйста, оставьте сообщение, | я вам перезвоню.",
            "Здравствуйте, | наш офис закрыт, | мы работаем с девяти до шести.",
            "Привет, | я сейчас не могу говорить, | оставьте сообщение.",
        ),
        "carrier": (
            "Набранный вами номер не существует. | Проверьте правильность набора.",
            "Абонент временно недоступен. | Попробуйте позвонить позднее.",
        ),
    },
}

RECORDED_PERSONS = (
    ("hello",),
    ("goodbye",),
    ("im-sorry",),
    ("hello", "hello"),
    ("sorry",),
    ("one-moment-please",),
    ("vm-sorry",),
    ("extension", "one-moment-please"),
    ("vm-no",),
    ("please-try-again",),
    ("vm-Work",),
    ("auth-thankyou",),
    ("vm-Family",),
    ("vm-goodbye",),
    ("conf-onlyperson",),
    ("vm-message",),
)
"""Short prompts of a recorded voice that stand in for a person's few words; two are said with a pause."""

RECORDED_MACHINES = (
    ("vm-theperson", "vm-isunavail", "vm-intro"),
    ("vm-nobodyavail", "vm-leavemsg"),
    ("cannot-complete-as-dialed",),
    ("ss-noservice",),
    ("number-not-answering", "please-try-call-later"),
    ("tt-allbusy",),
    ("demo-congrats",),
    ("vm-theperson", "vm-isonphone", "vm-intro"),
    ("all-circuits-busy-now", "please-try-call-later"),
    ("vm-intro",),
    ("queue-thankyou",),
    ("vm-mailboxfull", "vm-goodbye"),
    ("privacy-prompt",),
    ("demo-instruct",),
    ("dir-intro",),
    ("pls-hold-while-try",),
)
"""Prompts of a recorded voice, played one after the other as voice mail and exchanges do."""
