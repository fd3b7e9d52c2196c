# fairlead-fwd. One file a line, in alphabetical order; all but main.c are in the library, which the tests link.

noinst_LIBRARIES += fwd/libfwd.a
fwd_libfwd_a_SOURCES =

sbin_PROGRAMS += fwd/fairlead-fwd
fwd_fairlead_fwd_SOURCES = fwd/main.c
fwd_fairlead_fwd_LDADD = fwd/libfwd.a common/libcommon.a $(FAIRLEAD_LIBS)

# man pages: dist_man_MANS += fwd/PAGE.SECTION
