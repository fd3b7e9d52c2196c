# fairlead-dnsd. One file a line, in alphabetical order; all but main.c are in the library, which the tests link.

noinst_LIBRARIES += dnsd/libdnsd.a
dnsd_libdnsd_a_SOURCES =
dnsd_libdnsd_a_SOURCES += dnsd/answer.c
dnsd_libdnsd_a_SOURCES += dnsd/answer.h
dnsd_libdnsd_a_SOURCES += dnsd/confhash.c
dnsd_libdnsd_a_SOURCES += dnsd/confhash.h
dnsd_libdnsd_a_SOURCES += dnsd/control.c
dnsd_libdnsd_a_SOURCES += dnsd/control.h
dnsd_libdnsd_a_SOURCES += dnsd/encode.c
dnsd_libdnsd_a_SOURCES += dnsd/encode.h
dnsd_libdnsd_a_SOURCES += dnsd/flatten.c
dnsd_libdnsd_a_SOURCES += dnsd/flatten.h
dnsd_libdnsd_a_SOURCES += dnsd/generation.c
dnsd_libdnsd_a_SOURCES += dnsd/generation.h
dnsd_libdnsd_a_SOURCES += dnsd/health.c
dnsd_libdnsd_a_SOURCES += dnsd/health.h
dnsd_libdnsd_a_SOURCES += dnsd/health_answer.c
dnsd_libdnsd_a_SOURCES += dnsd/health_answer.h
dnsd_libdnsd_a_SOURCES += dnsd/lb.c
dnsd_libdnsd_a_SOURCES += dnsd/lb.h
dnsd_libdnsd_a_SOURCES += dnsd/monitor.c
dnsd_libdnsd_a_SOURCES += dnsd/monitor.h
dnsd_libdnsd_a_SOURCES += dnsd/query.c
dnsd_libdnsd_a_SOURCES += dnsd/query.h
dnsd_libdnsd_a_SOURCES += dnsd/respond.c
dnsd_libdnsd_a_SOURCES += dnsd/respond.h
dnsd_libdnsd_a_SOURCES += dnsd/rr.h
dnsd_libdnsd_a_SOURCES += dnsd/saved.c
dnsd_libdnsd_a_SOURCES += dnsd/saved.h
dnsd_libdnsd_a_SOURCES += dnsd/tcp.c
dnsd_libdnsd_a_SOURCES += dnsd/udp.c
dnsd_libdnsd_a_SOURCES += dnsd/worker.h
dnsd_libdnsd_a_SOURCES += dnsd/zone.c
dnsd_libdnsd_a_SOURCES += dnsd/zone.h
dnsd_libdnsd_a_SOURCES += dnsd/zone_build.c
dnsd_libdnsd_a_SOURCES += dnsd/zone_build.h

sbin_PROGRAMS += dnsd/fairlead-dnsd
dnsd_fairlead_dnsd_SOURCES = dnsd/main.c
dnsd_fairlead_dnsd_LDADD = dnsd/libdnsd.a common/libcommon.a $(FAIRLEAD_LIBS)

# man pages: dist_man_MANS += dnsd/PAGE.SECTION
dist_man_MANS += dnsd/fairlead-dnsd.8
dist_man_MANS += dnsd/fairlead-zone.5
dist_man_MANS += dnsd/fairlead.conf.5
