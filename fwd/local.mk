# fairlead-fwd. One file a line, in alphabetical order; all but main.c are in the library, which the tests link.

noinst_LIBRARIES += fwd/libfwd.a
fwd_libfwd_a_SOURCES =
fwd_libfwd_a_SOURCES += fwd/control.c
fwd_libfwd_a_SOURCES += fwd/control.h
fwd_libfwd_a_SOURCES += fwd/crew.c
fwd_libfwd_a_SOURCES += fwd/crew.h
fwd_libfwd_a_SOURCES += fwd/dial.c
fwd_libfwd_a_SOURCES += fwd/dial.h
fwd_libfwd_a_SOURCES += fwd/end.c
fwd_libfwd_a_SOURCES += fwd/end.h
fwd_libfwd_a_SOURCES += fwd/http.c
fwd_libfwd_a_SOURCES += fwd/http.h
fwd_libfwd_a_SOURCES += fwd/http_reply.c
fwd_libfwd_a_SOURCES += fwd/http_skip.c
fwd_libfwd_a_SOURCES += fwd/linger.c
fwd_libfwd_a_SOURCES += fwd/linger.h
fwd_libfwd_a_SOURCES += fwd/listen.c
fwd_libfwd_a_SOURCES += fwd/listen.h
fwd_libfwd_a_SOURCES += fwd/redirect.c
fwd_libfwd_a_SOURCES += fwd/redirect.h
fwd_libfwd_a_SOURCES += fwd/relay.c
fwd_libfwd_a_SOURCES += fwd/relay.h
fwd_libfwd_a_SOURCES += fwd/request.c
fwd_libfwd_a_SOURCES += fwd/request.h
fwd_libfwd_a_SOURCES += fwd/route.c
fwd_libfwd_a_SOURCES += fwd/route.h
fwd_libfwd_a_SOURCES += fwd/serve.c
fwd_libfwd_a_SOURCES += fwd/serve.h
fwd_libfwd_a_SOURCES += fwd/servers.c
fwd_libfwd_a_SOURCES += fwd/servers.h
fwd_libfwd_a_SOURCES += fwd/session.c
fwd_libfwd_a_SOURCES += fwd/session.h
fwd_libfwd_a_SOURCES += fwd/setup.c
fwd_libfwd_a_SOURCES += fwd/setup.h
fwd_libfwd_a_SOURCES += fwd/wheel.c
fwd_libfwd_a_SOURCES += fwd/wheel.h
fwd_libfwd_a_SOURCES += fwd/worker.c
fwd_libfwd_a_SOURCES += fwd/worker.h

sbin_PROGRAMS += fwd/fairlead-fwd
fwd_fairlead_fwd_SOURCES = fwd/main.c
fwd_fairlead_fwd_LDADD = fwd/libfwd.a common/libcommon.a $(FAIRLEAD_LIBS)

# man pages: dist_man_MANS += fwd/PAGE.SECTION
