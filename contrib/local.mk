# Everything that is not the programs: quick start, check, systemd units, examples.
