#!/bin/sh
# Collects what Holdover reads of one SSH host into a folder. It changes nothing on the host, opens no connection,
# and writes below OUT alone. Run it as root: otherwise what it may not read is listed as denied.
#
#   sh collect.sh [-r ROOT] [-n NAME] OUT
#
#   OUT       folder that gets a folder NAME
#   -n NAME   name of the host (default: uname -n)
#   -r ROOT   read below ROOT instead of / (a mounted image)
#
# Afterwards OUT/NAME/files.txt names each path that was looked for, with size and SHA-256. See README.md.

set -u
LC_ALL=C
export LC_ALL
umask 077

root=''
name=''
while getopts r:n: option; do
    case $option in
    r) root=${OPTARG%/} ;;
    n) name=$OPTARG ;;
    *) echo "usage: collect.sh [-r ROOT] [-n NAME] OUT" >&2; exit 2 ;;
    esac
done
shift $((OPTIND - 1))
if [ $# -ne 1 ]; then
    echo "usage: collect.sh [-r ROOT] [-n NAME] OUT" >&2
    exit 2
fi
[ -n "$name" ] || name=$(uname -n)
case $name in
'' | .* | *[!A-Za-z0-9._:-]*) echo "collect.sh: $name is no name of a host; give one with -n" >&2; exit 2 ;;
esac
out=$1/$name
if [ -e "$out" ]; then
    echo "collect.sh: $out exists already; move it away first" >&2
    exit 2
fi
mkdir -p "$out" || exit 1
list=$out/files.txt
lines=$out/.lines
: >"$lines" || exit 1

digest() {
    if command -v sha256sum >/dev/null 2>&1; then
        sha256sum <"$1"
    elif command -v shasum >/dev/null 2>&1; then
        shasum -a 256 <"$1"
    else
        openssl dgst -sha256 -r <"$1"
    fi | cut -c1-64
}

# A path as one word of one line.
escape() {
    printf '%s' "$1" | sed -e 's/\\/\\\\/g' -e "s/$(printf '\t')/\\\\t/g" -e "s/$(printf '\r')/\\\\r/g" |
        awk 'NR > 1 { printf "\\n" } { printf "%s", $0 }'
}

say() { # WORD PATH
    printf '%s %s\n' "$1" "$(escape "$2")" >>"$lines"
}

# Whether every folder above a path could be searched: only then does "not there" mean that it is not there.
searchable() {
    above=${1%/*}
    while [ -n "$above" ]; do
        if [ -d "$root$above" ]; then
            [ -x "$root$above" ]
            return
        fi
        above=${above%/*}
    done
    return 0
}

# Copies one file, or says why not. A third word names a filter for the copy.
take() { # PATH [FILTER]
    path=$1
    case $path in
    */../* | */..) echo "collect.sh: $path was left out: it climbs" >&2; return ;;
    esac
    if [ -e "$out$path" ] || grep -Fqx -e "absent $(escape "$path")" -e "denied $(escape "$path")" "$lines"; then
        return
    fi
    if [ ! -e "$root$path" ]; then
        if searchable "$path"; then say absent "$path"; else say denied "$path"; fi
        return
    fi
    if [ ! -f "$root$path" ] || [ ! -r "$root$path" ]; then
        say denied "$path"
        return
    fi
    mkdir -p "$out${path%/*}" || exit 1
    if ! ${2:-cat} <"$root$path" >"$out$path"; then
        rm -f "$out$path"
        say denied "$path"
        return
    fi
    printf 'present %s %s %s\n' "$(wc -c <"$out$path" | tr -d ' ')" "$(digest "$out$path")" "$(escape "$path")" >>"$lines"
}

# Old systems keep password hashes here: they are no business of the reader.
without_hash() {
    awk -F: 'BEGIN { OFS = ":" } NF > 3 && $2 != "" && $2 != "*" && $2 !~ /^!/ { $2 = "x" } { print }'
}

# Names the folders on the way of a pattern that may not be searched: what they hold, the pattern would not find.
say_closed() { # PATTERN
    closed=${1%/*}
    case $closed in *[*?[]*) ;; *) return ;; esac
    (say_closed "$closed")
    closed_ifs=$IFS
    IFS=''
    for match in $root$closed; do
        IFS=$closed_ifs
        if [ -d "$match" ] && { [ ! -x "$match" ] || [ ! -r "$match" ]; }; then say denied "${match#"$root"}"; fi
        IFS=''
    done
    IFS=$closed_ifs
}

# Takes what a pattern matches; the pattern itself is listed as absent where nothing does. What is called runs in a
# subshell here and below: a shell function has no variables of its own, and these call each other.
take_matches() { # PATTERN COMMAND
    pattern=$1
    found=no
    folder=${pattern%/*}
    if [ -d "$root$folder" ] && [ ! -r "$root$folder" ]; then
        say denied "$folder"
        return
    fi
    (say_closed "$1")
    saved_ifs=$IFS
    IFS=''
    for match in $root$pattern; do
        IFS=$saved_ifs
        if [ -e "$match" ]; then
            found=yes
            (
                IFS=$saved_ifs
                "$2" "${match#"$root"}"
            )
        fi
        IFS=''
    done
    IFS=$saved_ifs
    if [ $found = no ]; then
        if searchable "$pattern"; then say absent "$1"; else say denied "$1"; fi
    fi
}

# Arguments of a keyword in a file of sshd's configuration, one a line; quotes are taken off.
arguments() { # KEYWORD FILE
    awk -v wanted="$1" '
        {
            line = $0
            gsub(/\r/, "", line)
            sub(/^[ \t]+/, "", line)
            if (line == "" || line ~ /^#/) next
            end = match(line, /[ \t="]/)
            if (end == 0) next
            keyword = tolower(substr(line, 1, end - 1))
            if (keyword != wanted) next
            rest = substr(line, end)
            sub(/^[ \t]*=?[ \t]*/, "", rest)
            word = ""; quote = ""; any = 0
            for (i = 1; i <= length(rest); i++) {
                c = substr(rest, i, 1)
                if (quote == "" && (c == " " || c == "\t")) {
                    if (any) print word
                    word = ""; any = 0
                } else if (quote == "" && c == "#" && !any) {
                    break
                } else if (quote == "" && (c == "\"" || c == "\047")) {
                    quote = c; any = 1
                } else if (c == quote && quote != "") {
                    quote = ""
                } else {
                    word = word c; any = 1
                }
            }
            if (any) print word
        }' "$2"
}

configs=$out/.configs
: >"$configs"

config() { # PATH
    if grep -Fqx -e "$1" "$configs"; then return; fi
    printf '%s\n' "$1" >>"$configs"
    take "$1"
    [ -f "$out$1" ] || return 0
    arguments include "$out$1" >"$out/.include.$$.$(wc -l <"$configs" | tr -d ' ')"
    includes=$out/.include.$$.$(wc -l <"$configs" | tr -d ' ')
    while IFS= read -r target; do
        # shellcheck disable=SC2088  # a tilde as text: sshd expands it, as root
        case $target in
        /*) ;;
        '~/'*) target=/root/${target#'~/'} ;;
        *) target=/etc/ssh/$target ;;
        esac
        case $target in
        *[*?[]*) (take_matches "$target" config) ;;
        *) (config "$target") ;;
        esac
    done <"$includes"
}

sudoers() { # PATH
    if grep -Fqx -e "$1" "$configs"; then return; fi
    printf '%s\n' "$1" >>"$configs"
    take "$1"
    [ -f "$out$1" ] || return 0
    sudo_dir=${1%/*}
    awk '/^[ \t]*[#@]include(dir)?[ \t]/ {
        line = $0
        sub(/^[ \t]*[#@]/, "", line)
        sub(/[ \t\r]+$/, "", line)
        word = line
        sub(/[ \t].*/, "", word)
        sub(/^[a-z]+[ \t]+/, "", line)
        gsub(/^"|"$/, "", line)
        gsub(/\\ /, " ", line)
        print word, line
    }' "$out$1" | sed "s/%h/${name%%.*}/g" >"$out/.sudo.$$.$(wc -l <"$configs" | tr -d ' ')"
    parts=$out/.sudo.$$.$(wc -l <"$configs" | tr -d ' ')
    while read -r word target; do
        case $target in /*) ;; *) target=$sudo_dir/$target ;; esac
        case $word in
        include) (sudoers "$target") ;;
        includedir) (take_matches "${target%/}/*" sudoers) ;;
        esac
    done <"$parts"
}

for path in /etc/passwd /etc/group; do take "$path" without_hash; done

# Whether a password is locked and when an account ends; never the hash.
if [ -r "$root/etc/shadow" ]; then
    {
        echo '# holdover-shadow 1'
        awk -F: '{
            state = "usable"
            if ($2 == "") state = "empty"
            else if ($2 ~ /^!/) state = "locked"
            else if ($2 ~ /^[*x]/) state = "none"
            print $1 ":" state ":" $8
        }' "$root/etc/shadow"
    } >"$out/shadow.txt"
    echo "# end $(($(wc -l <"$out/shadow.txt") - 1))" >>"$out/shadow.txt"
    printf 'present %s %s shadow.txt\n' "$(wc -c <"$out/shadow.txt" | tr -d ' ')" "$(digest "$out/shadow.txt")" >>"$lines"
elif [ -e "$root/etc/shadow" ]; then
    say denied shadow.txt
else
    say absent shadow.txt
fi

for path in /etc/nsswitch.conf /etc/hostname; do take "$path"; done
config /etc/ssh/sshd_config
[ -e "$out/etc/ssh/sshd_config" ] || config /usr/etc/ssh/sshd_config
sudoers /etc/sudoers

# Every template that any line of the configuration names, for every account: which line applies is judged later.
templates=$out/.templates
{
    printf '%s\n' .ssh/authorized_keys .ssh/authorized_keys2
    while IFS= read -r path; do
        [ -f "$out$path" ] || continue
        for keyword in authorizedkeysfile authorizedprincipalsfile; do arguments $keyword "$out$path"; done
    done <"$configs"
} | sort -u >"$templates"

while IFS= read -r path; do
    [ -f "$out$path" ] || continue
    for keyword in trustedusercakeys revokedkeys; do arguments $keyword "$out$path"; done
done <"$configs" | sort -u >"$out/.lists"
while IFS= read -r path; do
    case $path in
    /*) take "$path" ;;
    esac
done <"$out/.lists"

if [ -f "$out/etc/passwd" ]; then
    while IFS=: read -r user _ uid _ _ home _; do
        case $user in '' | '#'* | +* | -*) continue ;; esac
        while IFS= read -r template; do
            # shellcheck disable=SC2088  # as above
            case $template in
            [Nn][Oo][Nn][Ee]) continue ;;
            '~/'*) template=/root/${template#'~/'} ;;
            esac
            path=$(HOME_OF=$home USER_OF=$user awk -v text="$template" -v uid="$uid" 'BEGIN {
                for (i = 1; i <= length(text); i++) {
                    c = substr(text, i, 1)
                    if (c != "%") { printf "%s", c; continue }
                    i++; c = substr(text, i, 1)
                    if (c == "h") printf "%s", ENVIRON["HOME_OF"]
                    else if (c == "u") printf "%s", ENVIRON["USER_OF"]
                    else if (c == "U") printf "%s", uid
                    else printf "%s", c
                }
            }')
            case $path in /*) ;; *) path=${home%/}/$path ;; esac
            case $path in /*) ;; *) path=/$path ;; esac
            case $path in
            *[*?[]*) take_matches "$path" take ;;
            *) take "$path" ;;
            esac
        done <"$templates"
    done <"$out/etc/passwd"
fi

# Times in UTC and in a form with a year: the C locale of `who` leaves the year out.
if sessions=$(LC_ALL=C.UTF-8 TZ=UTC0 who -u 2>/dev/null); then
    {
        printf '# holdover-who 1\n# taken-at: %s\n# time-zone: UTC\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)"
        count=0
        if [ -n "$sessions" ]; then
            printf '%s\n' "$sessions"
            count=$(printf '%s\n' "$sessions" | grep -c .)
        fi
        printf '# end %s\n' "$count"
    } >"$out/who.txt"
    printf 'present %s %s who.txt\n' "$(wc -c <"$out/who.txt" | tr -d ' ')" "$(digest "$out/who.txt")" >>"$lines"
else
    printf 'denied who.txt\n' >>"$lines"
fi

sort -u "$lines" >"$out/.sorted"
{
    printf '# holdover-files 1\n# host: %s\n# taken-at: %s\n' "$name" "$(date -u +%Y-%m-%dT%H:%M:%SZ)"
    cat "$out/.sorted"
    printf '# end %s\n' "$(wc -l <"$out/.sorted" | tr -d ' ')"
} >"$list.new"
rm -f "$out"/.lines "$out"/.sorted "$out"/.configs "$out"/.templates "$out"/.lists "$out"/.include.* "$out"/.sudo.*
mv "$list.new" "$list"
echo "$out: $(grep -c '^present' "$list") files, $(grep -c '^denied' "$list") denied"
