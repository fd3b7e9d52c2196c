# What both programs are made of. One file a line, in alphabetical order.

noinst_LIBRARIES += common/libcommon.a
common_libcommon_a_SOURCES =
common_libcommon_a_SOURCES += common/addr.c
common_libcommon_a_SOURCES += common/addr.h
common_libcommon_a_SOURCES += common/conf.h
common_libcommon_a_SOURCES += common/dname.c
common_libcommon_a_SOURCES += common/dname.h
common_libcommon_a_SOURCES += common/errs.h
common_libcommon_a_SOURCES += common/folder.c
common_libcommon_a_SOURCES += common/folder.h
common_libcommon_a_SOURCES += common/live.h
common_libcommon_a_SOURCES += common/log.c
common_libcommon_a_SOURCES += common/log.h
common_libcommon_a_SOURCES += common/metrics.c
common_libcommon_a_SOURCES += common/metrics.h
common_libcommon_a_SOURCES += common/policy.h
common_libcommon_a_SOURCES += common/select.c
common_libcommon_a_SOURCES += common/select.h
common_libcommon_a_SOURCES += common/service.h
common_libcommon_a_SOURCES += common/site.h
common_libcommon_a_SOURCES += common/sock.c
common_libcommon_a_SOURCES += common/sock.h
common_libcommon_a_SOURCES += common/verdict.h
common_libcommon_a_SOURCES += common/wire.c
common_libcommon_a_SOURCES += common/wire.h
common_libcommon_a_SOURCES += common/zonefile.h
