# fairlead-dnsd. One file a line, in alphabetical order; all but main.c are in the library, which the tests link.

noinst_LIBRARIES += dnsd/libdnsd.a
dnsd_libdnsd_a_SOURCES =

sbin_PROGRAMS += dnsd/fairlead-dnsd
dnsd_fairlead_dnsd_SOURCES = dnsd/main.c
dnsd_fairlead_dnsd_LDADD = dnsd/libdnsd.a common/libcommon.a $(FAIRLEAD_LIBS)

# man pages: dist_man_MANS += dnsd/PAGE.SECTION
