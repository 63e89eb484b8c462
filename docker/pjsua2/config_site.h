/*
 * Limits of our pjsua2 build. PJSIP fixes them at compile time and clamps what
 * is asked at run time without a word, so they are set for a whole call centre
 * node here and asked for again by `dialer doctor`.
 */
#define PJ_CONFIG_MAXIMUM_SPEED
#include <pj/config_site_sample.h>

#undef PJSUA_MAX_CALLS
#define PJSUA_MAX_CALLS             2000
#undef PJ_IOQUEUE_MAX_HANDLES
#define PJ_IOQUEUE_MAX_HANDLES      8192
#define PJSUA_MAX_PLAYERS           512
#define PJSUA_MAX_RECORDERS         512
#define PJSUA_MAX_CONF_PORTS        5000
#define PJSUA_MAX_ACC               64

/* The sample asks for 24 MiB, which the kernel's default limit refuses. */
#undef PJSIP_UDP_SO_SNDBUF_SIZE
#define PJSIP_UDP_SO_SNDBUF_SIZE    (4*1024*1024)
#undef PJSIP_UDP_SO_RCVBUF_SIZE
#define PJSIP_UDP_SO_RCVBUF_SIZE    (4*1024*1024)

/* SRTP keyed by DTLS, for softphones in a browser. */
#define PJMEDIA_SRTP_HAS_DTLS       1
