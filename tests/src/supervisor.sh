# Keeps one PostgreSQL cluster, and outlives its owner only to clean up after it.
#
# Arguments: the directory of PostgreSQL's programs, the cluster's own directory, and what to do at the end:
# "remove" (stop the server, delete everything) or "keep" (leave it running).
#
# Orders come line by line on standard input; each is answered by one line, its exit status. Standard input is a
# pipe from the owner, and its end is the end of the owner, however that came about: the kernel closes it even
# when the owner was killed by a signal that nobody can catch. Orders are carried out one after the other, so a
# server that is just starting has started before it is stopped.

programs=$1
home=$2
ending=$3
data=$home/data
limit_s=60

# A signal ends the wait for an order, not this shell before it has cleaned up. PIPE: nobody reads the answer.
trap : HUP INT TERM PIPE

create() {
    # Into another name first: a directory called "data" is a whole one. Losing a temporary cluster to a power
    # failure is no loss.
    case $ending in remove) sync=--no-sync ;; *) sync= ;; esac
    rm -rf "$data.new" &&
        "$programs/initdb" --pgdata="$data.new" --username=postgres --pwfile="$home/password" \
            --auth=scram-sha-256 --encoding=UTF8 --no-locale $sync &&
        echo "include = '../settings.conf'" >>"$data.new/postgresql.conf" &&
        mv "$data.new" "$data"
}

start() { "$programs/pg_ctl" start --pgdata="$data" --log="$home/server.log" --wait --timeout=$limit_s; }

stop() { "$programs/pg_ctl" stop --pgdata="$data" --mode="$1" --wait --timeout=$limit_s; }

running() { "$programs/pg_ctl" status --pgdata="$data"; }

# The account that the server runs under may limit it, and root without all its rights may not.
limit() { prlimit --pid "$(head -n 1 "$data/postmaster.pid")" --fsize="$1:"; }

# Statements of ours that take along what hangs on something else: the whole suite must say none. Whoever wants to know names a directory
# that all may write to; it gets a file of these statements, and one with the number of lines that were looked through. The bodies of functions
# are their authors'.
tell_cascades() {
    awk -v lines="$FREEHOLD_SAID/$$.lines" '
        function outside(text,   said, at) {
            said = ""
            while (text != "") {
                if (body != "") {
                    at = index(text, body)
                    if (!at) return said
                    text = substr(text, at + length(body)); body = ""
                } else if (match(text, /\$(body[0-9]*)?\$/)) {
                    said = said substr(text, 1, RSTART - 1) " "
                    body = substr(text, RSTART, RLENGTH); text = substr(text, RSTART + RLENGTH)
                } else return said text
            }
            return said
        }
        /^[0-9][0-9][0-9][0-9]-/ { ours = /\] \[freehold\// && / LOG:  /; body = "" }
        ours {
            looked++
            text = tolower(outside($0))
            # What a foreign key does with the rows that refer to one that goes is the author'"'"'s word.
            gsub(/on (delete|update) cascade/, "", text)
            for (i = split(text, parts, ";"); i > 0; i--)
                if (parts[i] ~ / cascade/ && parts[i] ~ /drop |truncate /) { print; break }
        }
        END { print looked + 0 >lines }
    ' "$home/server.log" >"$FREEHOLD_SAID/$$.cascades"
    rm -f "$FREEHOLD_SAID/$$.running"
}

[ "$ending" = keep ] || [ -z "$FREEHOLD_SAID" ] || : >"$FREEHOLD_SAID/$$.running"

while read -r order mode; do
    case $order in
        create) create ;;
        start) start ;;
        stop) stop "$mode" ;;
        limit) limit "$mode" ;;
        running) running ;;
        *) echo "unknown order: $order"; false ;;
    esac </dev/null >>"$home/supervisor.log" 2>&1
    # A dead owner does not read the answer, and what the shell says about that is of no use to anybody.
    echo $? 2>/dev/null
done

if [ "$ending" = remove ]; then
    if [ -f "$data/postmaster.pid" ]; then
        stop immediate >/dev/null 2>&1 || kill -KILL "$(head -n 1 "$data/postmaster.pid")"
    fi
    [ -z "$FREEHOLD_SAID" ] || tell_cascades
    cd / && rm -rf "$home"
fi
