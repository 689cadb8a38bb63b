# A throw-away PostgreSQL cluster; sourced by tests/run and bench/run. The caller stops it with `stop_cluster`.

cluster=

as_root() { if ((EUID == 0)); then "$@"; else sudo "$@"; fi; }
# PostgreSQL refuses to run as root.
as_postgres() { if ((EUID == 0)); then (cd / && runuser -u postgres -- "$@"); else "$@"; fi; }

find_initdb() { command -v initdb || { compgen -G '/usr/lib/postgresql/*/bin/initdb' | sort -V | tail -n 1; } || true; }

# install_packages PACKAGE...: on Debian and Ubuntu. Says what it is about to do, and on a terminal asks first; CI=1 does
# not ask.
install_packages() {
    if ! command -v apt-get >/dev/null; then
        echo "$0: missing: $*. Install them; only on Debian and Ubuntu does this script do it." >&2
        exit 1
    fi
    echo "$0: missing: $*" >&2
    echo "$0: apt-get install, as root, installs them with what they depend on." >&2
    if [[ -t 0 && -z ${CI:-} ]]; then
        local answer
        read -rp "Install them now? [y/N] " answer
        if [[ $answer != [yY]* ]]; then
            echo "$0: nothing was installed. \`make check\` runs the tests that need Rust alone." >&2
            exit 1
        fi
    fi
    as_root apt-get update -qq
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"
}

free_port() { perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1")->sockport'; }

cluster_bin() { dirname "$(readlink -f "$(find_initdb)")"; }

# start_cluster FOLDER [OPTION...]: starts a cluster in FOLDER, with `-c` OPTIONs, and sets cluster_url.
start_cluster() {
    local folder=$1 port option options
    shift
    cluster=$folder/cluster
    cluster_bin=$(cluster_bin)
    mkdir -m 700 "$cluster"
    if ((EUID == 0)); then chmod 711 "$folder"; chown postgres: "$cluster"; fi
    port=$(free_port)
    options="-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories='$cluster'"
    for option in "$@"; do options+=" -c $option"; done
    as_postgres "$cluster_bin/initdb" --pgdata "$cluster/data" --username keystile --auth trust \
        --encoding UTF8 --locale C.UTF-8 --no-sync >"$folder/initdb.log" || { cat "$folder/initdb.log" >&2; exit 1; }
    as_postgres "$cluster_bin/pg_ctl" start --pgdata "$cluster/data" --wait --silent \
        --log "$cluster/data/server.log" --options "$options" || { cat "$cluster/data/server.log" >&2; exit 1; }
    cluster_url="postgres://keystile@127.0.0.1:$port/postgres"
}

# start_standby FOLDER URL: starts a standby of the cluster at URL, which start_cluster has started, in FOLDER, and sets
# standby_url.
start_standby() {
    local folder=$1/standby port
    mkdir -m 700 "$folder"
    if ((EUID == 0)); then chown postgres: "$folder"; fi
    as_postgres "$cluster_bin/pg_basebackup" --dbname "$2" --pgdata "$folder/data" --write-recovery-conf \
        --checkpoint fast --no-sync
    port=$(free_port)
    as_postgres "$cluster_bin/pg_ctl" start --pgdata "$folder/data" --wait --silent --log "$folder/data/server.log" \
        --options "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories='$folder' -c fsync=off" \
        || { cat "$folder/data/server.log" >&2; exit 1; }
    standby_url="postgres://keystile@127.0.0.1:$port/postgres"
}

stop_data() {
    [[ -e $1/postmaster.pid ]] || return 0
    as_postgres "$(cluster_bin)/pg_ctl" stop --pgdata "$1" --mode immediate --silent || true
}

stop_cluster() { stop_data "$cluster/data"; }

# stop_clusters FOLDER: stops what start_cluster and start_standby have started in FOLDER.
stop_clusters() {
    stop_data "$1/standby/data"
    stop_data "$1/cluster/data"
}
