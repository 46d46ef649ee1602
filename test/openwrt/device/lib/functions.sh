# Stands in for OpenWrt's: what the package's scripts call, with the same names, arguments and files.

add_user() {
	grep -qs "^$3:" /etc/group || echo "$3:x:$4:" >>/etc/group
	grep -qs "^$1:" /etc/passwd || echo "$1:x:$2:$4:$1:/var/run/$1:/bin/false" >>/etc/passwd
}

default_postinst() {
	local package user
	package=$(basename "${1%.*}")
	for user in $(sed -n 's/^Require-User: *//p' "/usr/lib/opkg/info/$package.control"); do
		# name=number:name=number
		IFS='=:'
		set -- $user
		unset IFS
		add_user "$@"
	done
	for_init_scripts "$package" enable start
}

default_prerm() {
	for_init_scripts "$(basename "${1%.*}")" disable stop
}

for_init_scripts() {
	local script list="/usr/lib/opkg/info/$1.list"
	shift
	for script in $(grep '^/etc/init.d/' "$list"); do
		"$script" "$1"
		"$script" "$2"
	done
}
