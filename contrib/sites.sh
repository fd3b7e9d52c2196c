# Sourced by contrib/quickstart and tests/lib.sh: a run folder with the
# examples of zones/, and real web and POP3 servers for the two sites.

NGINX=${NGINX:-/usr/sbin/nginx}
DOVECOT=${DOVECOT:-/usr/sbin/dovecot}

# make_key FILE NAME: a TSIG key as tsig-keygen writes it, readable by its owner only.
make_key() {
	(umask 077 && printf 'key "%s" {\n\talgorithm hmac-sha256;\n\tsecret "%s";\n};\n' "$2" "$(openssl rand -base64 32)" > "$1")
}

# make_sites FOLDER: copies the examples of zones/ there, makes the keys and the folders they name.
make_sites() {
	local folder=$1 site
	make_key "$folder/ops.key" ops
	cp "${src:?}"/zones/*.conf "$src"/zones/*.zone "$folder"/
	for site in sjc den; do
		make_key "$folder/$site.key" "$site"
		mkdir -p "$folder/run/$site" "$folder/state/$site"
	done
}

# nginx_conf FOLDER SITE ADDRESS:PORT...: FOLDER/nginx-SITE.conf, a web server whose pages say the site, the address and what was asked.
nginx_conf() {
	local folder=$1 site=$2 listen=
	shift 2
	for a; do listen+="listen $a; "; done
	mkdir -p "$folder/nginx-$site"
	cat > "$folder/nginx-$site.conf" <<END
user nobody nogroup;
worker_processes 1;
daemon off;
pid $folder/nginx-$site/pid;
error_log $folder/nginx-$site.log;
events { worker_connections 1000; }
http {
	access_log $folder/nginx-$site.access.log;
	client_body_temp_path $folder/nginx-$site/body;
	proxy_temp_path $folder/nginx-$site/proxy;
	fastcgi_temp_path $folder/nginx-$site/fastcgi;
	uwsgi_temp_path $folder/nginx-$site/uwsgi;
	scgi_temp_path $folder/nginx-$site/scgi;
	default_type text/plain;
	server {
		$listen
		location = /healthz { access_log off; return 200 "ok\n"; }
		location / { return 200 "page of site $site, server \$server_addr, asked for \$request_uri\n"; }
	}
}
END
}

# dovecot_conf FOLDER SITE ADDRESS: FOLDER/dovecot-SITE.conf, a POP3 server; any user with the password "password" has one mail.
dovecot_conf() {
	local folder=$1 site=$2 address=$3 mail=$1/mail-$2
	mkdir -p "$folder/dovecot-$site" "$mail/test/Maildir/new" "$mail/test/Maildir/cur" "$mail/test/Maildir/tmp"
	cat > "$mail/test/Maildir/new/1.mail.$site" <<END
From: postmaster@$site.example.com
To: test@example.com
Subject: mail of site $site

This mail lies at site $site.
END
	chown -R nobody:nogroup "$mail"
	cat > "$folder/dovecot-$site.conf" <<END
base_dir = $folder/dovecot-$site
state_dir = $folder/dovecot-$site
log_path = $folder/dovecot-$site.log
instance_name = fairlead-$site
protocols = pop3
listen = $address
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain
first_valid_uid = 1
mail_location = maildir:$mail/%u/Maildir
passdb {
	driver = static
	args = password=password
}
userdb {
	driver = static
	args = uid=nobody gid=nogroup home=$mail/%u
}
END
}
