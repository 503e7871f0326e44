#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Tests of chariot-insmod and chariot against a kernel that fake_kernel.so plays.
# Runs as any user: test_commands.sh FOLDER-OF-COMMANDS FOLDER-OF-TEST-DATA
set -u
commands=$1 data=$2
passed=0 failed=0 skipped=0
release=$(uname -r)
export FAKE_ROOT
FAKE_ROOT=$(mktemp -d /tmp/chariot-test.XXXXXX)
trap 'rm -rf -- "$FAKE_ROOT"' EXIT
root=$FAKE_ROOT

depmod=$(command -v depmod || echo /sbin/depmod)
if [ ! -x "$depmod" ]; then
	echo "skip: no depmod: apt-get install kmod"
	echo "0 passed, 0 failed, 1 skipped"
	exit 0
fi

# A fresh system with chariot.ko, target (needs helper), soft and plain modules.
fresh() {
	rm -rf -- "${root:?}"/*
	mkdir -p "$root/lib/modules/$release" "$root/dev" "$root/proc" \
		"$root/sys/module" "$root/sys/kernel/btf" "$root/etc/modprobe.d" "$root/fail"
	cp "$data/kernel.btf" "$root/sys/kernel/btf/vmlinux"
	cp "$data"/modules/* "$root/lib/modules/$release/"
	"$depmod" -b "$root" "$release" 2>/dev/null
	: > "$root/proc/cmdline"
	: > "$root/proc/modules"
	: > "$root/log"
	unset FAKE_BACKEND_ERRNO FAKE_FEATURES FAKE_ARM_ERRNO FAKE_PLAN_ERRNO FAKE_BLIND FAKE_REVISION
}

loaded() {
	mkdir -p "$root/sys/module/$1"
	echo live > "$root/sys/module/$1/initstate"
	[ "$1" != chariot ] || : > "$root/dev/chariot"
}

isolated() {
	loaded "$1"
	mkdir -p "$root/sys/kernel/chariot/$1"
	echo enforce > "$root/sys/kernel/chariot/$1/mode"
}

run() {
	LD_PRELOAD=$data/fake_kernel.so "$commands/$1" "${@:2}" \
		> "$root/out" 2> "$root/err"
	status=$?
}

# test NAME, then conditions; verdict at the end of each.
begin() { name=$1 good=1; fresh; }
verdict() {
	if [ $good = 1 ]; then
		passed=$((passed + 1))
		echo "ok   $name"
	else
		failed=$((failed + 1))
		echo "FAIL $name"
		sed 's/^/    out: /' "$root/out"
		sed 's/^/    err: /' "$root/err"
		sed 's/^/    log: /' "$root/log"
	fi
}
wants() { [ "$status" = "$1" ] || { echo "    exit $status, wanted $1"; good=0; }; }
log_is() {
	local wanted
	wanted=$(printf '%s\n' "$@")
	[ "$(cat "$root/log")" = "$wanted" ] ||
		{ echo "    log is not:"; printf '        %s\n' "$@"; good=0; }
}
says() { grep -qF -- "$1" "$root/err" || { echo "    err lacks: $1"; good=0; }; }
prints() { grep -qF -- "$1" "$root/out" || { echo "    out lacks: $1"; good=0; }; }
silent() { [ ! -s "$root/err" ] || { echo "    err is not empty"; good=0; }; }
modules=lib/modules/$release

begin "insmod: arms, loads, disarms"
loaded chariot
run chariot-insmod "$root/$modules/plain.ko" a=1 'b=two words'
wants 0; silent
log_is layout "arm plain mode 1 heap 0" plan "insert plain [a=1 b=two words] armed" disarm
verdict

begin "insmod: mode and heap"
loaded chariot
run chariot-insmod --mode audit --heap byte "$root/$modules/plain.ko"
wants 0
log_is layout "arm plain mode 0 heap 1" plan "insert plain [] armed" disarm
verdict

begin "insmod: the module's own name counts, not the file's"
loaded chariot
cp "$root/$modules/plain.ko" "$root/renamed.ko"
run chariot-insmod "$root/renamed.ko"
wants 0
log_is layout "arm plain mode 1 heap 0" plan "insert plain [] armed" disarm
verdict

begin "insmod: loads chariot.ko first"
run chariot-insmod "$root/$modules/plain.ko"
wants 0; silent
log_is "insert chariot []" layout "arm plain mode 1 heap 0" plan "insert plain [] armed" disarm
verdict

begin "insmod: no chariot.ko for this kernel"
rm "$root/$modules/chariot.ko"; "$depmod" -b "$root" "$release" 2>/dev/null
run chariot-insmod "$root/$modules/plain.ko"
wants 1; log_is ""
says "could not insert module"; says "chariot.ko is not installed for kernel $release"
says "modprobe chariot"
verdict

begin "insmod: chariot.ko needs a signature"
echo 126 > "$root/fail/chariot"
run chariot-insmod "$root/$modules/plain.ko"
wants 1; log_is "insert chariot [] fails"
says "signed modules only (ENOKEY)"
verdict

begin "insmod: no backend"
loaded chariot
FAKE_BACKEND_ERRNO=-38 run chariot-insmod "$root/$modules/plain.ko"
wants 1; log_is ""
says "no Chariot backend in this hypervisor (ENOSYS): load chariot-kvm on the host"
verdict

begin "insmod: no backend, --allow-unprotected"
loaded chariot
FAKE_BACKEND_ERRNO=-38 run chariot-insmod --allow-unprotected "$root/$modules/plain.ko"
wants 0; log_is "insert plain []"
says "WARNING: plain is NOT ISOLATED, it will be loaded unprotected"
verdict

begin "insmod: chariot.ko of another release"
loaded chariot
FAKE_REVISION=7 run chariot-insmod "$root/$modules/plain.ko"
wants 1; log_is ""; says "different releases"
verdict

begin "insmod: backend without byte rights"
loaded chariot
FAKE_FEATURES=5 run chariot-insmod --heap byte "$root/$modules/plain.ko"
wants 1; log_is ""; says "use --heap page"
verdict

begin "insmod: backend that cannot stop writes"
loaded chariot
FAKE_FEATURES=4 run chariot-insmod "$root/$modules/plain.ko"
wants 1; log_is ""; says "use --mode audit"
verdict

for case in "8 Invalid module format" "2 Unknown symbol in module" \
	"3 Module has wrong symbol version" "22 Invalid parameters" "17 File exists" \
	"129 Key was rejected by service"; do
	begin "insmod: the kernel refuses: ${case#* }"
	loaded chariot
	echo "${case%% *}" > "$root/fail/plain"
	run chariot-insmod "$root/$modules/plain.ko"
	wants 1
	says "chariot-insmod: ERROR: could not insert module $root/$modules/plain.ko: ${case#* }"
	log_is layout "arm plain mode 1 heap 0" plan "insert plain [] armed fails" disarm
	verdict
done

begin "insmod: unknown symbol names what it needs"
loaded chariot
echo 2 > "$root/fail/target"
run chariot-insmod -v "$root/$modules/target.ko"
wants 1; says "it needs: helper"
verdict

begin "insmod: a module without types is told of"
loaded chariot
cp "$data/shaped.btf" "$root/sys/kernel/btf/vmlinux"
run chariot-insmod "$data/shaped.ko"
wants 0
says "shaped has no types of its own (neither BTF nor debug information; DKMS keeps it with STRIP[0]=no): by the look of its data, what 14 of its 18 functions are handed is known"
run chariot-insmod --plan --btf "$data/shaped.btf" "$data/shaped.ko"
wants 0; prints "Not known: its own types: the module has neither BTF nor debug information"
grep -q 'flush *struct disk \*, struct page \*' "$root/out" || { echo "    no flush"; good=0; }
verdict

begin "insmod: an older chariot.ko takes no plan"
loaded chariot
FAKE_PLAN_ERRNO=25 run chariot-insmod "$root/$modules/plain.ko"
wants 0; silent
log_is layout "arm plain mode 1 heap 0" "plan fails" "insert plain [] armed" disarm
FAKE_PLAN_ERRNO=22 run chariot-insmod "$root/$modules/plain.ko"
wants 0; says "chariot.ko does not take its plan: Invalid argument (EINVAL)"
verdict

begin "insmod: arming fails"
loaded chariot
FAKE_ARM_ERRNO=28 run chariot-insmod "$root/$modules/plain.ko"
wants 1; log_is layout "arm plain mode 1 heap 0 fails"
says "no room for another isolated driver"
verdict

begin "insmod: isolated already"
isolated plain; loaded chariot
FAKE_ARM_ERRNO=17 run chariot-insmod "$root/$modules/plain.ko"
wants 1; says "File exists"
verdict

begin "insmod: loaded, but not isolated, is unloaded"
loaded chariot
FAKE_BLIND=1 run chariot-insmod "$root/$modules/plain.ko"
wants 1
log_is layout "arm plain mode 1 heap 0" plan "insert plain [] armed" disarm "remove plain"
says "not isolated, so it was unloaded again"
verdict

begin "insmod: not chariot itself"
run chariot-insmod "$root/$modules/chariot.ko"
wants 1; log_is ""; says "cannot isolate itself"
loaded chariot
run chariot-insmod --modprobe chariot
wants 1; log_is ""; says "cannot isolate itself"
verdict

begin "insmod: chariot.ko refuses in the middle of the load"
loaded chariot
echo 125 > "$root/fail/plain"
run chariot-insmod "$root/$modules/plain.ko"
wants 1; says "chariot.ko could not isolate it: see dmesg"
verdict

begin "insmod: files that are no modules"
loaded chariot
head -c 700 "$root/$modules/plain.ko" > "$root/cut.ko"
for file in "$root/cut.ko" /dev/null "$root/log" "$root"; do
	run chariot-insmod "$file"
	wants 1; says "could not insert module $file: "; log_is ""
done
run chariot-insmod "$root/nosuch.ko"
wants 1; says "could not load module $root/nosuch.ko: No such file or directory"
verdict

begin "modprobe: what it needs is loaded first, plainly"
loaded chariot
run chariot-insmod --modprobe target x=1 'y=a b'
wants 0; silent
log_is "insert helper []" layout "arm target mode 1 heap 0" plan \
	'insert target [x=1 y="a b"] armed' disarm
verdict

begin "modprobe: compressed modules"
if [ -e "$root/$modules/packed.ko.xz" ] && kmod --version | grep -qF +XZ; then
	loaded chariot
	run chariot-insmod --modprobe packed
	wants 0
	log_is layout "arm packed mode 1 heap 0" plan "insert packed [] armed" disarm
	verdict
else
	skipped=$((skipped + 1))
	echo "skip modprobe: compressed modules (kmod without xz)"
fi

begin "modprobe: modprobe.d: options, aliases, soft dependencies, install"
loaded chariot
cat > "$root/etc/modprobe.d/test.conf" <<-END
	alias other target
	options target fixed=3
	options helper depth=2
	softdep target pre: soft post: plain
	install target $commands/chariot-insmod --modprobe target \$CMDLINE_OPTS
	install helper $commands/chariot-insmod --modprobe helper \$CMDLINE_OPTS
END
run chariot-insmod --modprobe other x=1
wants 0
log_is "insert helper [depth=2 ]" "insert soft []" layout "arm target mode 1 heap 0" plan \
	"insert target [fixed=3 x=1] armed" disarm "insert plain []"
verdict

begin "modprobe: another module's install command is run"
loaded chariot
echo "install helper echo helper got \$CMDLINE_OPTS >> $root/log" \
	> "$root/etc/modprobe.d/test.conf"
echo "options helper depth=2" >> "$root/etc/modprobe.d/test.conf"
run chariot-insmod -v --modprobe target
wants 0
log_is "helper got depth=2" layout "arm target mode 1 heap 0" plan "insert target [] armed" disarm
prints "insmod (isolated) "
verdict

begin "modprobe: an install command that fails"
loaded chariot
echo "install helper exit 3" > "$root/etc/modprobe.d/test.conf"
run chariot-insmod --modprobe target
wants 1; log_is ""; says "Error running install command 'exit 3' for module helper: retcode 3"
verdict

begin "modprobe: a soft dependency may fail"
loaded chariot
echo "softdep plain pre: soft" > "$root/etc/modprobe.d/test.conf"
echo 8 > "$root/fail/soft"
run chariot-insmod --modprobe plain
wants 0
log_is "insert soft [] fails" layout "arm plain mode 1 heap 0" plan "insert plain [] armed" disarm
verdict

begin "modprobe: a needed module fails"
loaded chariot
echo 8 > "$root/fail/helper"
run chariot-insmod --modprobe target
wants 1; log_is "insert helper [] fails"; says "could not insert 'target': Exec format error"
verdict

begin "modprobe: the blacklist is for aliases"
loaded chariot
printf 'alias other plain\nblacklist plain\n' > "$root/etc/modprobe.d/test.conf"
run chariot-insmod --modprobe other
wants 0; silent; log_is ""
run chariot-insmod --modprobe plain
wants 0; log_is layout "arm plain mode 1 heap 0" plan "insert plain [] armed" disarm
verdict

begin "modprobe: no such module"
run chariot-insmod --modprobe nosuch
wants 1; log_is ""
says "chariot-insmod: FATAL: Module nosuch not found in directory /lib/modules/$release"
verdict

begin "modprobe: loaded already"
loaded chariot; isolated target
run chariot-insmod --modprobe target
wants 0; silent; log_is ""
run chariot-insmod --modprobe --first-time target
wants 1; log_is ""; says "could not insert 'target': Module already in kernel"
verdict

begin "modprobe: loaded already, but not isolated"
loaded chariot; loaded target
run chariot-insmod --modprobe target
wants 0; log_is ""; says "NOT isolated"
verdict

begin "modprobe: no backend: nothing is loaded"
loaded chariot
FAKE_BACKEND_ERRNO=-19 run chariot-insmod --modprobe target
wants 1; log_is ""; says "could not insert 'target': no Chariot backend in this hypervisor (ENODEV)"
verdict

begin "insmod: --json"
loaded chariot
run chariot-insmod --json --modprobe target
wants 0; prints '"result":"isolated"'; prints '"heap":"page"'
FAKE_BACKEND_ERRNO=-38 run chariot-insmod --json "$root/$modules/plain.ko"
wants 1; prints '"result":"failed"'; prints '"problem":"no Chariot backend'
verdict

begin "insmod: --plan loads nothing"
run chariot-insmod --plan --modprobe target
wants 0; silent; log_is ""
prints "Module target, license GPL, not signed"; prints helper_function
prints "Loaded with it, not isolated: helper"
prints "Not known: its own types: the module has neither BTF nor debug information"
run chariot-insmod --plan --json "$root/$modules/plain.ko"
wants 0; prints '"module":"plain"'; prints '"entry_points":['
run chariot-insmod --plan "$root/log"
wants 1; says "Invalid module format"
run chariot-insmod --plan --btf /dev/null "$root/$modules/plain.ko"
wants 0; prints "Not known: the types of its kernel: their BTF cannot be read"
run chariot-insmod --btf /dev/null "$root/$modules/plain.ko"
wants 1; says "--btf is only for --plan"; log_is ""
verdict

# --- policies ---------------------------------------------------------------

etc=etc/chariot/policy.d shipped=usr/lib/chariot/policy.d
# folder, file, line...
policy() {
	mkdir -p "$root/$1"
	printf '%s\n' "${@:3}" > "$root/$1/$2"
}
typed_log() {
	log_is layout "arm typed mode ${2:-1} heap 0" "$1" "insert typed [] armed" disarm
}

begin "policy: taken from /etc by itself"
loaded chariot
policy $etc typed.policy '# as learned' 'write struct object.kids[1]' 'write struct object.hidden'
policy $shipped typed.policy frob
run chariot-insmod "$data/typed.ko"
wants 0; silent; typed_log "plan grants 2"
run chariot-insmod --plan --btf "$data/kernel.btf" "$data/typed.ko"
wants 0; silent; prints "Policy /etc/chariot/policy.d/typed.policy: 2 lines"
prints "argument 2 gives struct path's pointers"
grep -q 'struct object.kids\[1\]  *32  *8  granted' "$root/out" || good=0
run chariot-insmod --plan --json --btf "$data/kernel.btf" "$data/typed.ko"
wants 0; prints '"write":"struct object.kids[1]"'; prints '"granted":true'
prints '"fills_by_argument"'; grep -A3 '"fills_by_argument"' "$root/out" | grep -q '"struct path"' || good=0
verdict

begin "policy: the shipped one, if there is none in /etc"
loaded chariot
policy $shipped typed.policy 'write struct object.list'
policy $etc other.policy frob
run chariot-insmod "$data/typed.ko"
wants 0; silent; typed_log "plan grants 1"
verdict

begin "policy: an empty one in /etc takes the shipped one away"
loaded chariot
policy $shipped typed.policy 'write struct object.list'
policy $etc typed.policy '# nothing'
run chariot-insmod "$data/typed.ko"
wants 0; silent; typed_log plan
verdict

begin "policy: --policy and --no-policy"
loaded chariot
policy $etc typed.policy frob
policy . mine 'write struct object.list'
run chariot-insmod --policy "$root/mine" "$data/typed.ko"
wants 0; silent; typed_log "plan grants 1"
: > "$root/log"
run chariot-insmod --no-policy "$data/typed.ko"
wants 0; silent; typed_log plan
run chariot-insmod --no-policy --policy "$root/mine" "$data/typed.ko"
wants 1; says "exclude each other"
run chariot-insmod --policy "$root/nosuch" "$data/typed.ko"
wants 1; says "nosuch: No such file or directory"
verdict

begin "policy: whole pages"
loaded chariot
policy $etc typed.policy 'granularity page struct object' 'write struct object.list'
run chariot-insmod "$data/typed.ko"
wants 0; silent; typed_log "plan grants 2"
run chariot-insmod --plan --btf "$data/kernel.btf" "$data/typed.ko"
wants 0; prints "whole pages with a struct object"
run chariot-insmod --plan --json --btf "$data/kernel.btf" "$data/typed.ko"
wants 0; prints '"pages":"struct object"'
verdict

begin "policy: a wrong line: nothing is loaded"
loaded chariot
for line in frob 'write struct object.nosuch' 'write struct child.flags' \
	'granularity page struct object.list'; do
	policy $etc typed.policy 'write struct object.list' "$line"
	run chariot-insmod "$data/typed.ko"
	wants 1; says "/etc/chariot/policy.d/typed.policy:2: "
	says "its policy is wrong"
	grep -q -e ^arm -e ^insert "$root/log" && good=0
	run chariot-insmod --plan --btf "$data/kernel.btf" "$data/typed.ko"
	wants 1; says "/etc/chariot/policy.d/typed.policy:2: "
done
verdict

begin "policy: what a module needs is not loaded either, if a line can't be read"
loaded chariot
policy $etc target.policy frob
run chariot-insmod --modprobe target
wants 1; log_is ""; says "target.policy:1: 'frob' is not known"
says "could not insert 'target': its policy is wrong"
verdict

begin "policy: in audit mode a wrong line is left out"
loaded chariot
policy $etc typed.policy 'write struct object.nosuch' 'write struct object.list'
run chariot-insmod --mode audit "$data/typed.ko"
wants 0; says "WARNING: /etc/chariot/policy.d/typed.policy:1: 'struct object' has no member 'nosuch'"
typed_log "plan grants 1" 0
verdict

begin "policy: without the kernel's types"
loaded chariot
policy $etc typed.policy 'write struct object.list'
rm "$root/sys/kernel/btf/vmlinux"
run chariot-insmod "$data/typed.ko"
wants 1; says "typed.policy: it cannot be used without the kernel's types"
log_is ""
verdict

begin "policy: a line without effect"
loaded chariot
policy $etc plain.policy 'write struct object.list'
run chariot-insmod "$root/$modules/plain.ko"
wants 0; says "WARNING: /etc/chariot/policy.d/plain.policy:1: the module is handed no struct object"
verdict

begin "policy: '-' in the file's name"
loaded chariot
cp "$data/typed.ko" "$root/$modules/"
policy $etc a-b_c.policy frob
policy $etc a_b_c.policy.bak frob
sed 's/name=typed/name=a_b_c/' "$data/typed.ko" > "$root/a_b_c.ko"
run chariot-insmod "$root/a_b_c.ko"
wants 1; says "policy.d/a-b_c.policy:1: 'frob' is not known"
verdict

begin "chariot policy check"
policy . good.policy 'write struct object.list' 'write struct child.flags:byte'
policy . bad.policy frob 'write struct objec' 'write struct object'
run chariot policy check "$root/good.policy"
wants 0; silent; prints "good.policy: 2 lines, good"
run chariot policy check "$root/bad.policy" "$root/good.policy"
wants 1; says "bad.policy:1: 'frob' is not known: 'write' and 'granularity' are possible"
says "bad.policy:2: there is no struct objec in this kernel's and the module's types; is 'object' meant?"
prints "good.policy: 2 lines, good"
run chariot policy check "$root/nosuch"
wants 1; says "nosuch: No such file or directory"
head -c 5000 /dev/urandom > "$root/noise"
run chariot policy check "$root/noise"
wants 1; says "noise:1: "
# Structures of the module's own are known by its name or its file.
policy . typed.policy 'write struct hidden.object'
run chariot policy check "$root/typed.policy"
wants 1; says "there is no struct hidden"
run chariot policy check --module-file "$data/typed.ko" "$root/typed.policy"
wants 0
cp "$data/typed.ko" "$root/$modules/"; "$depmod" -b "$root" "$release" 2>/dev/null
run chariot policy check "$root/typed.policy"
wants 0; silent
rm "$root/sys/kernel/btf/vmlinux"
run chariot policy check "$root/good.policy"
wants 1; says "no types of the kernel: /sys/kernel/btf/vmlinux: No such file or directory"
run chariot policy check --btf "$data/kernel.btf" "$root/good.policy"
wants 0
run chariot policy check --btf "$root/noise" "$root/good.policy"
wants 1; says "no types of the kernel: $root/noise"
verdict

begin "chariot policy learn"
loaded chariot
cat "$data/records-typed" "$data/record" > "$root/dev/chariot"
run chariot policy learn typed
wants 0; silent
prints "# Policy of typed, learned on kernel $release from 10 kinds of write."
prints "# typed_xmit (7 times), typed_irq (once)"
prints "write struct object.kids[0]"; prints "write struct object.list"
prints "write struct object.list.prev"; prints "write struct object.constant"
prints "write struct child.flags:byte"
prints "#   typed_init writes slab object kmalloc-64 +0x10 (1 time)"
[ "$(grep -c ^write "$root/out")" = 5 ] || good=0
# What it makes is good, and loads.
cp "$root/out" "$root/typed.policy"
run chariot policy check "$root/typed.policy"
wants 0
run chariot-insmod --policy "$root/typed.policy" "$data/typed.ko"
wants 0; grep -q "^plan grants 2" "$root/log" || good=0
run chariot policy learn --output "$root/new.policy" typed
wants 0; silent; grep -q "^write struct object.list$" "$root/new.policy" || good=0
run chariot policy learn --output "$root/new.policy" typed
wants 1; says "new.policy is there already"
run chariot policy learn --module-file "$root/log" typed
wants 1; says "no types from $root/log"
run chariot policy learn other
wants 0; says "no violation of other is kept: there is nothing to learn"
run chariot policy learn fixture
wants 0; says "nothing that fixture wrote can be said in a policy"
head -c 5000 /dev/urandom > "$root/dev/chariot"
run chariot policy learn typed
wants 1; says "different releases"
rm -r "$root/dev/chariot"
run chariot policy learn typed
wants 1; says "chariot.ko is not loaded"
verdict

begin "chariot report: structures and members"
loaded chariot
cat "$data/records-typed" > "$root/dev/chariot"
run chariot report
wants 0; silent
prints "  in short  typed_xmit writes struct object.kids[0]"
prints "  in short  typed_init writes struct object.list.prev to .constant"
prints "  in short  typed_init writes nosuch +0x4"
run chariot report --json
wants 0; prints '"summary":"typed_xmit writes struct object.kids[0]"'
prints '"member":"struct child.flags:byte"'
run chariot report --summary typed
wants 0; silent
grep -q '^typed_xmit  struct object.kids\[0\]  *7$' "$root/out" || good=0
run chariot report --summary --json typed
wants 0; prints '"writes":"struct object.kids[0]"'; prints '"times":7'
run chariot report --summary other
wants 0; prints "No violation of this driver is kept."
rm "$root/sys/kernel/btf/vmlinux"
run chariot report
wants 0; silent; prints "  in short  typed_xmit writes object +0x18"
verdict

begin "arguments that are wrong"
for arguments in "" "--modprobe" "--mode strict x.ko" "--heap big x.ko" "--frob" "--mode"; do
	# shellcheck disable=SC2086
	run chariot-insmod $arguments
	wants 1
done
for arguments in "" "frob" "status x" "regions" "regions a b" "regions a/b" "mode a" \
	"mode a strict" "mode ../a audit" "report a b" "report --module-file x" "doctor x" \
	"status --frob" "policy" "policy frob x" "policy learn" "policy learn a b" \
	"policy learn ../a" "policy check" "policy check --output x y" "policy --frob" \
	"report --summary" "report --summary --follow x"; do
	# shellcheck disable=SC2086
	run chariot $arguments
	wants 2
done
log_is ""
verdict

begin "--help and --version"
for command in chariot-insmod chariot "chariot status" "chariot regions" "chariot report" \
	"chariot doctor" "chariot mode" "chariot policy"; do
	# shellcheck disable=SC2086
	run $command --help
	wants 0; silent; prints "Usage: $command"
done
run chariot --version
wants 0; prints "chariot "
run chariot-insmod --version
wants 0; prints "chariot-insmod "
verdict

begin "chariot: chariot.ko is not loaded"
for arguments in status "regions x" report "report --summary x" "mode x audit"; do
	# shellcheck disable=SC2086
	run chariot $arguments
	wants 1; says "chariot.ko is not loaded: run 'modprobe chariot'"
done
verdict

begin "chariot status"
loaded chariot; mkdir -p "$root/sys/kernel/chariot"
run chariot status
wants 0; prints "No driver is isolated"
isolated target
echo 5 > "$root/sys/kernel/chariot/target/violations"
printf '\033[31m\377' > "$root/sys/kernel/chariot/target/state"
run chariot status
wants 0; prints "target  enforce  ?[31m?"
echo "object sk_buff" > "$root/sys/kernel/chariot/target/whole_types"
echo 3 > "$root/sys/kernel/chariot/target/whole_pages"
run chariot status
wants 0; prints "whole pages in which these lie: object sk_buff (3 pages now)"
run chariot status --json
wants 0; prints '"violations":5'; prints '"driver":"target"'
verdict

begin "chariot mode"
loaded chariot; isolated a_b
run chariot mode a-b audit
wants 0; silent
grep -q ^audit "$root/sys/kernel/chariot/a_b/mode" || good=0
run chariot mode other audit
wants 1; says "other is not isolated"
verdict

begin "chariot regions"
loaded chariot; isolated target
run chariot regions target
wants 0; prints "300 regions, 1228800 bytes"
run chariot regions --objects target
wants 0; prints "300 objects"; prints "kmalloc  ????"
run chariot regions --json target
wants 0; prints '"physical":"0x12b000"'
run chariot regions other
wants 1; says "other is not isolated"
verdict

begin "chariot report"
loaded chariot
run chariot report
wants 0; prints "No violation is kept."
cat "$data/record" "$data/record" > "$root/dev/chariot"
run chariot report
wants 0; [ "$(grep -c '^#' "$root/out")" = 2 ] || good=0
run chariot report --json fixture
wants 0; [ "$(grep -c '^{.*}$' "$root/out")" = 2 ] || good=0
run chariot report --module-file "$data/fixture.ko" fixture
wants 0; silent; prints "fixture.c:"
run chariot report --module-file "$data/fixture-stripped.ko" fixture
wants 0; says "no source lines from $data/fixture-stripped.ko: it has no debug information"
run chariot report other
wants 0; prints "No violation of this driver is kept."
verdict

begin "chariot report: what is no record"
loaded chariot
head -c 3000 /dev/urandom > "$root/dev/chariot"
run chariot report
wants 1; says "different releases"
verdict

begin "chariot doctor"
loaded chariot
run chariot doctor
prints "backend"; prints "fake, ABI revision 1, room for 31 drivers"
FAKE_BACKEND_ERRNO=-38 run chariot doctor
wants 1; prints "load chariot-kvm on the host"
FAKE_FEATURES=4 run chariot doctor --json
wants 1; prints '"well":false'; prints "forbidden writes can only be reported"
rm -r "$root/sys/module/chariot"
run chariot doctor
wants 1; prints "-> modprobe chariot"
verdict

echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
