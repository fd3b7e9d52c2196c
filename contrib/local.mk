# Everything that is not the programs: quick start, check, systemd units, examples.

dist_doc_DATA = contrib/coming-from.md contrib/failures.md
EXTRA_DIST += contrib/check contrib/packages.sh contrib/quickstart contrib/sites.sh

exampledir = $(docdir)/examples
dist_example_DATA = \
	contrib/nftables/ftp.nft \
	contrib/nftables/transparent.nft \
	zones/common.conf \
	zones/den.conf \
	zones/gslb.example.com.zone \
	zones/networks.conf \
	zones/sjc.conf

EXTRA_DIST += contrib/systemd/fairlead-dnsd.service.in contrib/systemd/fairlead-fwd.service.in
if SYSTEMD_UNITS
nodist_systemdsystemunit_DATA = contrib/systemd/fairlead-dnsd.service contrib/systemd/fairlead-fwd.service
endif
CLEANFILES += contrib/systemd/fairlead-dnsd.service contrib/systemd/fairlead-fwd.service
SUFFIXES = .service.in .service
.service.in.service:
	@$(MKDIR_P) $(@D)
	$(AM_V_GEN)$(SED) -e 's,@sbindir[@],$(sbindir),g' -e 's,@sysconfdir[@],$(sysconfdir),g' $< > $@.new && mv $@.new $@
