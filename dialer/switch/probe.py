"""Asks the binding what it holds by using it up. Run in a process that ends afterwards."""

import pjsua2 as pj

from dialer.switch.capacity import MORE_THAN_ANY_BUILD, BindingCapacity

_TOO_MANY = 70010  # PJ_ETOOMANY
_TRIES = 5
_DISCARD = "sip:nobody@127.0.0.1:9"


def measure(up_to: int) -> BindingCapacity:
    """Places calls to nowhere until the library refuses one more, or `up_to` are up.

    Raises RuntimeError with what the library said, which its own error keeps to itself.
    """
    try:
        return _measure(up_to)
    except pj.Error as error:
        raise RuntimeError(str(error.reason)) from error


def _measure(up_to: int) -> BindingCapacity:
    library = pj.Endpoint()
    library.libCreate()
    config = pj.EpConfig()
    config.uaConfig.maxCalls = MORE_THAN_ANY_BUILD
    config.uaConfig.threadCnt = 0
    config.uaConfig.mainThreadOnly = True
    config.logConfig.level = 0
    config.logConfig.consoleLevel = 0
    library.libInit(config)
    _listen(library)
    library.libStart()
    library.audDevManager().setNullDev()
    version = library.libVersion()
    return BindingCapacity(
        version=str(version.full),
        max_calls=_count_calls(up_to),
        tls=_has_tls(library),
        srtp=_has_srtp(library),
    )


def _listen(library: "pj.Endpoint") -> None:
    """Takes a free port. On a busy machine the one that the system gives may be taken a moment later."""
    transport = pj.TransportConfig()
    transport.boundAddress = "127.0.0.1"
    for _ in range(_TRIES):
        try:
            library.transportCreate(pj.PJSIP_TRANSPORT_UDP, transport)
            return
        except (pj.Error, RuntimeError) as error:
            refused = error
    raise refused


def _count_calls(up_to: int) -> int:
    config = pj.AccountConfig()
    config.idUri = "sip:probe@127.0.0.1"
    # Else every call takes a pair of RTP ports, from a dialer that runs beside this as well.
    config.mediaConfig.useLoopMedTp = True
    account = pj.Account()
    account.create(config)
    options = pj.CallOpParam(True)
    options.opt.audioCount = options.opt.videoCount = options.opt.textCount = 0
    held: list[pj.Call] = []
    while len(held) < up_to:
        call = pj.Call(account)
        try:
            call.makeCall(_DISCARD, options)
        except pj.Error as error:
            if error.status != _TOO_MANY:
                raise
            break
        held.append(call)
    return len(held)


def _has_tls(library: "pj.Endpoint") -> bool:
    transport = pj.TransportConfig()
    transport.boundAddress = "127.0.0.1"
    try:
        library.transportCreate(pj.PJSIP_TRANSPORT_TLS, transport)
    except (pj.Error, RuntimeError) as error:
        # The port was taken by somebody else in the meantime, and not refused for want of TLS.
        return "in use" in str(getattr(error, "reason", error))
    return True


def _has_srtp(library: "pj.Endpoint") -> bool:
    try:
        suites = library.srtpCryptoEnum()
    except pj.Error:
        return False
    return len(suites) > 0
