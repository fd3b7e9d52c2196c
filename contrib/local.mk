# Everything that is not the programs: quick start, check, systemd units, examples.

EXTRA_DIST += contrib/check contrib/packages.sh contrib/quickstart contrib/sites.sh

exampledir = $(docdir)/examples
dist_example_DATA = \
	zones/common.conf \
	zones/den.conf \
	zones/gslb.example.com.zone \
	zones/sjc.conf
