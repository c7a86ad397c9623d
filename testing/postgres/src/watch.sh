# Ends a server when nobody uses it any more, however its users ended: a file lock goes with the process that held it.
#
# Users hold a shared lock on $1. This script, one per server by its lock on $2, waits until it can have the lock alone,
# twice, $4 seconds apart; then stops the server in the directory $3 and removes it, still holding the lock, so that
# whoever comes next waits and finds nothing rather than half a server.
users=$1 watcher=$2 directory=$3 linger=$4

exec 8>>"$watcher" 9>>"$users"
flock --nonblock 8 || exit 0
while :; do
    flock 9 && flock --unlock 9 || exit 1
    sleep "$linger"
    flock --nonblock 9 && break
done

# The server removes its file as it ends. Its process may stay as a zombie where nobody collects those.
file=$directory/data/postmaster.pid
server=$(head -n 1 "$file") && kill -QUIT "$server" && {
    waits=0
    while [ -e "$file" ] && kill -0 "$server" && [ "$waits" -lt 100 ]; do
        sleep 0.05
        waits=$((waits + 1))
    done
    [ -e "$file" ] && kill -KILL "$server"
}
rm -rf "$directory"
exec 8>&- # before the users' lock: the next user must find no watcher
