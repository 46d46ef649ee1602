# Stands in for procd's shell functions: each call becomes a line in $PROCD_RECORD, and every argument one in it.

note() { echo "$@" >>"${PROCD_RECORD:-/dev/null}"; }

note_arguments() {
	local call="$1"
	shift
	note "$call"
	while [ $# -gt 0 ]; do
		note "  $1"
		shift
	done
}

procd_open_instance() { note "open_instance $1"; }
procd_close_instance() { note close_instance; }

procd_set_param() {
	local name="$1"
	shift
	case "$name" in
		command | limits | respawn | user | group | no_new_privs | term_timeout | stdout | stderr) ;;
		*) note "UNKNOWN PARAMETER $name" ;;
	esac
	note_arguments "set_param $name" "$@"
}

procd_append_param() {
	local name="$1"
	shift
	note_arguments "append_param $name" "$@"
}

procd_add_reload_trigger() { note_arguments add_reload_trigger "$@"; }

procd_add_validation() {
	note open_validate
	"$@"
	note close_validate
}

# Arguments: package, type, name, then the function that gets name and result, then option:type[:default] each.
uci_load_validate() {
	local _package="$1" _type="$2" _name="$3" _function="$4" _option _result _status
	shift 4
	for _option in "$@"; do
		eval "local ${_option%%:*}"
	done
	_result=$(/sbin/validate_data "$_package" "$_type" "$_name" "$@")
	_status=$?
	eval "$_result"
	[ -n "$_function" ] || return $_status
	"$_function" "$_name" "$_status"
}
