#!/bin/sh
# Installs an .ipk as opkg does, on the root file system that it runs on, and looks at everything the package brings:
# files, user, what the init script tells procd (a stub), and the service that this starts. For busybox's ash and applets
# alone. Usage, as root of a file system to be thrown away:
#   THROW_AWAY_ROOT=yes sh check.sh FILE.ipk
# Prints a line per check and, at the end, `N passed, N failed, N skipped`.

[ "$THROW_AWAY_ROOT" = yes ] || { echo 'check.sh: this overwrites /etc; see its head' >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
ipk=$1
port=${PORT:-18082}
url=http://127.0.0.1:$port
export PROCD_RECORD=/tmp/procd-record
passed=0 failed=0 skipped=0

# expect TITLE GOT WANT
expect() {
	if [ "$2" = "$3" ]; then
		passed=$((passed + 1))
		echo "ok: $1"
	else
		failed=$((failed + 1))
		printf 'FAILED: %s\n got: %s\nwant: %s\n' "$1" "$2" "$3"
	fi
}

skip() {
	skipped=$((skipped + 1))
	echo "skipped: $1: $2"
}

mode_of() { stat -c '%a %U' "$1"; }

set_option() { sed -i "s|^\(\t\)#*option $1 .*|\1option $1 '$2'|" /etc/config/streambed; }

# Calls the init script; what it has told procd is in the record then.
init() {
	: >"$PROCD_RECORD"
	/etc/init.d/streambed "$@" 2>/tmp/init-errors
}

# What one parameter was set to, on one line.
param() {
	awk -v wanted="set_param $1" -v more="append_param $1" \
		'/^[^ ]/ { on = ($0 == wanted || $0 == more) } /^  / && on { line = line sep substr($0, 3); sep = " " } END { print line }' \
		"$PROCD_RECORD"
}

# refused TITLE OPTION VALUE: then nothing is started, and the log says why.
refused() {
	set_option "$2" "$3"
	init start
	expect "$1: refused" "$?/$(grep -c open_instance "$PROCD_RECORD")/$(grep -c 'not started' /tmp/init-errors)" '1/0/1'
	cp /etc/config/streambed.good /etc/config/streambed
}

put_stubs_in_place() {
	mkdir -p /etc/init.d /etc/config /etc/rc.d /lib/functions /sbin /tmp /usr/lib/opkg/info
	cp "$here/etc/rc.common" /etc/rc.common
	cp "$here/lib/functions.sh" /lib/functions.sh
	cp "$here/lib/functions/procd.sh" /lib/functions/procd.sh
	cp "$here/sbin/validate_data" /sbin/validate_data
	touch /etc/passwd /etc/group
	grep -q '^root:' /etc/passwd || echo 'root:x:0:0:root:/root:/bin/sh' >>/etc/passwd
	grep -q '^root:' /etc/group || echo 'root:x:0:' >>/etc/group
}

unpack() {
	local parts=/tmp/ipk info=/usr/lib/opkg/info script
	rm -rf "$parts" && mkdir -p "$parts/control"
	tar -xzf "$ipk" -C "$parts" || exit 1
	expect 'format of the package' "$(cat "$parts/debian-binary")" 2.0
	tar -xzf "$parts/control.tar.gz" -C "$parts/control" || exit 1
	tar -xzf "$parts/data.tar.gz" -C / || exit 1
	tar -tzf "$parts/data.tar.gz" | grep -v '/$' | sed 's/^\.//' >"$info/streambed.list"
	for script in control conffiles postinst prerm; do
		cp -p "$parts/control/$script" "$info/streambed.$script"
	done
}

check_files() {
	expect 'mode of the program' "$(mode_of /usr/bin/streambed)" '755 root'
	expect 'mode of the init script' "$(mode_of /etc/init.d/streambed)" '755 root'
	expect 'mode of the configuration' "$(mode_of /etc/config/streambed)" '600 root'
	expect 'mode of the keep list' "$(mode_of /lib/upgrade/keep.d/streambed)" '644 root'
	expect 'the licences of what is in the program' \
		"$(mode_of /usr/share/licenses/streambed/LICENSES)/$(grep -cE '^==== (QuickJS|LMDB|libsodium|BearSSL|musl|hono)$' \
			/usr/share/licenses/streambed/LICENSES)" '644 root/6'
	expect 'mode of postinst' "$(mode_of /usr/lib/opkg/info/streambed.postinst)" '755 root'
	expect 'mode of prerm' "$(mode_of /usr/lib/opkg/info/streambed.prerm)" '755 root'
	expect 'all conffiles are there' "$(ls $(cat /usr/lib/opkg/info/streambed.conffiles))" /etc/config/streambed
	# As sysupgrade puts its list together.
	expect 'kept by a sysupgrade' \
		"$(find $(sed -ne '/^[[:space:]]*$/d; /^#/d; p' /lib/upgrade/keep.d/*) -type f 2>/dev/null)" /etc/config/streambed
	expect 'no data is shipped' "$(ls -d /srv/streambed 2>/dev/null)" ''
	expect 'the program runs here' "$(/usr/bin/streambed --version >/dev/null 2>&1; echo $?)" 0
}

check_installation() {
	: >"$PROCD_RECORD"
	/usr/lib/opkg/info/streambed.postinst
	expect 'postinst ends well' $? 0
	expect 'user' "$(grep ^streambed: /etc/passwd | cut -d: -f1,3,4,7)" 'streambed:8082:8082:/bin/false'
	expect 'group' "$(grep ^streambed: /etc/group | cut -d: -f1,3)" 'streambed:8082'
	expect 'links for start and stop' "$(ls /etc/rc.d | tr '\n' ' ')" 'K10streambed S95streambed '
	expect 'not started before it is enabled' "$(grep -c open_instance "$PROCD_RECORD")" 0
	expect 'no data before it is enabled' "$(ls -d /srv/streambed 2>/dev/null)" ''
	/usr/lib/opkg/info/streambed.postinst
	expect 'postinst again adds no other user' "$(grep -c ^streambed: /etc/passwd)" 1
}

check_procd_calls() {
	set_option enabled 1
	set_option port "$port"
	cp /etc/config/streambed /etc/config/streambed.good
	init start
	expect 'start ends well' $? 0
	expect 'command' "$(param command)" \
		"/usr/bin/streambed serve --data /srv/streambed --kafka 127.0.0.1:$port --offsets streambed --log-level info --max-body-bytes 1048576 --max-records 1000 --max-connections 128 --max-waits 64 --max-consumers 64 --vault off"
	expect 'respawn that never gives up' "$(param respawn)" '5 1 -1'
	expect 'limits' "$(param limits)" 'nofile=1024 1024 core=0 0 data=50331648 50331648'
	expect 'user of the service' "$(param user)/$(param group)/$(param no_new_privs)" streambed/streambed/1
	expect 'logging' "$(param stdout)/$(param stderr)" 1/1
	expect 'time to stop' "$(param term_timeout)" 15
	expect 'calls that are unknown' "$(grep -c UNKNOWN "$PROCD_RECORD")" 0
	expect 'reload trigger and validation' \
		"$(sed -n '/^triggers/,$p' "$PROCD_RECORD" | tr -s '\n ' ' ')" \
		'triggers add_reload_trigger streambed open_validate enabled data allow_volatile listen port allow_remote advertise offsets secrets vault_listen vault_port kafka_auth audit log_level max_body_bytes max_records max_connections max_waits max_consumers close_validate close_service '
	expect 'data directory' "$(mode_of /srv/streambed)" '700 streambed'
	set_option allow_remote 1
	set_option allow_volatile 1
	set_option listen ::
	set_option advertise http://gateway:1
	init reload
	expect 'switches' "$(param command | sed 's/.*--vault off //')" \
		'--allow-remote --allow-volatile --advertise http://gateway:1'
	expect 'IPv6 address' "$(param command | grep -c -- "--kafka \[::\]:$port ")" 1
	cp /etc/config/streambed.good /etc/config/streambed
}

check_refusals() {
	refused 'a port that is none' port 65536
	refused 'a host name' listen gateway.lan
	refused 'another dialect' offsets other
	refused 'a level that is none' log_level loud
	refused 'more connections than descriptors' max_connections 1000
	refused 'a number that is none' max_waits many
	refused 'a switch that is none' enabled perhaps
	refused 'remote listening that nobody allowed' listen 192.0.2.1
	refused 'tokens without a store of them' kafka_auth token
	refused 'relative data' data srv/data
	refused 'data by a detour' data /srv/../etc
	set_option data "/srv/it's here"
	init start
	expect 'a directory with a quote' "$(param command | grep -c -- "--data /srv/it's here --kafka")" 1
	mkdir -p /srv/full && echo x >/srv/full/x
	set_option data /srv/full
	init start
	expect 'what is there already is left as it is' "$(mode_of /srv/full)/$(mode_of /srv/full/x)" '755 root/644 root'
	cp /etc/config/streambed.good /etc/config/streambed
	set_option enabled off
	init start
	expect 'disabled by a word' "$?/$(grep -c open_instance "$PROCD_RECORD")" 0/0
	cp /etc/config/streambed.good /etc/config/streambed
}

# As procd does: the recorded command, one argument a line, as the service's user, within its limits.
launch() {
	local argument
	set --
	while IFS= read -r argument; do
		set -- "$@" "$argument"
	done <<-LINES
		$(awk '/^[^ ]/ { on = /_param command$/ } /^  / && on { print substr($0, 3) }' "$PROCD_RECORD")
	LINES
	shift
	: >/tmp/service-log
	(
		ulimit -n 1024 && ulimit -d 49152 && ulimit -c 0 &&
			exec start-stop-daemon -S -m -p /tmp/streambed.pid -c streambed:streambed -x /usr/bin/streambed -- "$@"
	) >/tmp/service-log 2>&1 &
	pid=$!
}

# Waits until the log of the service has a line like this, or the service has ended.
await() {
	local tries=0
	until grep -q "$1" /tmp/service-log; do
		tries=$((tries + 1))
		[ $tries -lt 300 ] && kill -0 $pid 2>/dev/null || return 1
		sleep 0.1
	done
}

produce() {
	wget -q -O - --header 'Content-Type: application/vnd.kafka.json.v2+json' \
		--post-data '{"records":[{"key":"field-7","value":{"moisture":31.5}}]}' "$url/topics/soil"
}

check_service() {
	init start
	launch
	await 'serving Kafka REST' || cat /tmp/service-log
	expect 'runs as its user' "$(awk '/^Uid/ { print $2 }' /proc/$pid/status)" 8082
	expect 'produce' "$(produce | grep -c '"offset":0')" 1
	expect 'consume' "$(wget -q -O - "$url/streams?topics=soil&format=json&idle_timeout=0" | grep -c '"moisture":31.5')" 1
	expect 'nothing of the data is for others' "$(find /srv/streambed -perm /077 | wc -l)" 0
	expect 'all of the data is its own' "$(find /srv/streambed ! -user streambed | wc -l)" 0
	kill $pid
	wait $pid
	expect 'stops in order' "$?/$(tail -n 1 /tmp/service-log)" '0/streambed: stopped'
	launch
	await 'serving Kafka REST' || cat /tmp/service-log
	expect 'goes on behind what was there' "$(produce | grep -c '"offset":1')" 1
	kill $pid
	wait $pid
}

check_secrets() {
	local key=/etc/streambed/root-key sum
	set_option secrets 1
	set_option vault_port "$((port + 1))"
	init start
	expect 'command with secrets' "$(param command | sed 's/.*--max-consumers 64 //')" \
		"--vault 127.0.0.1:$((port + 1)) --root-key-file $key --kafka-auth none --audit off"
	expect 'the root key is private' "$(mode_of $key)/$(mode_of /etc/streambed)" '400 streambed/700 streambed'
	expect 'the root key is 32 bytes in hex' "$(grep -cE '^[0-9a-f]{64}$' $key)/$(ls /etc/streambed)" 1/root-key
	expect 'the root key is kept by a sysupgrade' \
		"$(find $(sed -ne '/^[[:space:]]*$/d; /^#/d; p' /lib/upgrade/keep.d/*) -type f | grep -c root-key)" 1
	sum=$(md5sum $key)
	launch
	await 'serving Vault' || cat /tmp/service-log
	expect 'the store can be initialised' "$(wget -q -O - --header 'X-HTTP-Method-Override: PUT' \
		--post-data '{"recovery_shares":1,"recovery_threshold":1}' "http://127.0.0.1:$((port + 1))/v1/sys/init" | grep -c root_token)" 1
	expect 'the store is open' \
		"$(wget -q -O - "http://127.0.0.1:$((port + 1))/v1/sys/seal-status" | grep -c '"sealed":false')" 1
	kill $pid
	wait $pid
	expect 'the root key is never printed' "$(cat $key | grep -cf - /tmp/service-log /tmp/init-errors "$PROCD_RECORD" | grep -vc ':0$')" 0
	init start
	expect 'the root key stays' "$(md5sum $key)" "$sum"
	launch
	await 'serving Vault' || cat /tmp/service-log
	expect 'the store is open again' \
		"$(wget -q -O - "http://127.0.0.1:$((port + 1))/v1/sys/seal-status" | grep -c '"sealed":false')" 1
	kill $pid
	wait $pid
	mv $key /tmp/key
	init start
	expect 'a lost root key is told, and none is made' \
		"$?/$(grep -c 'root-key is gone' /tmp/init-errors)/$(ls /etc/streambed)" 1/1/
	mv /tmp/key $key
	cp /etc/config/streambed.good /etc/config/streambed
}

check_memory_is_refused() {
	mkdir -p /srv/memory
	if ! mount -t tmpfs none /srv/memory 2>/dev/null; then
		skip 'data in memory' 'no tmpfs can be mounted here'
		return
	fi
	set_option data /srv/memory
	init start
	launch
	await 'serving Kafka REST' && kill $pid
	wait $pid
	expect 'data in memory: refused' "$?/$(grep -c tmpfs /tmp/service-log)" 1/1
	set_option allow_volatile 1
	init start
	launch
	await 'serving Kafka REST' || cat /tmp/service-log
	expect 'data in memory: allowed' "$(produce | grep -c '"offset":0')" 1
	kill $pid
	wait $pid
	umount /srv/memory
	cp /etc/config/streambed.good /etc/config/streambed
}

check_removal() {
	: >"$PROCD_RECORD"
	/usr/lib/opkg/info/streambed.prerm
	expect 'prerm ends well' $? 0
	expect 'stopped' "$(cat "$PROCD_RECORD")" 'kill streambed'
	expect 'no links are left' "$(ls /etc/rc.d)" ''
	expect 'the data stays' "$(find /srv/streambed -name "*soil*" | grep -c .)" 1
}

put_stubs_in_place
unpack
check_files
check_installation
check_procd_calls
check_refusals
check_service
check_secrets
check_memory_is_refused
check_removal
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
