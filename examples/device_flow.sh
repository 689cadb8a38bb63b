#!/usr/bin/env bash
# Signs in with a device code (RFC 8628) and prints the account, with bash, curl, and python3 to parse JSON.
#     ISSUER=https://auth.example.com CLIENT_ID=weather-cli ./device_flow.sh
set -euo pipefail
issuer=${ISSUER:-http://127.0.0.1:8642} client_id=${CLIENT_ID:-keystile-cli}
grant_type=urn:ietf:params:oauth:grant-type:device_code

# Secrets go through pipes, because every user of the machine can read the arguments of a process.
field() { python3 -c 'import json, sys; print(json.load(sys.stdin).get(sys.argv[1], ""))' "$1" <<<"$2"; }
# An address of the server: of the origin of the issuer, so also with its scheme.
own() {
    [[ $1/ == "$issuer"/* ]] || { printf 'The server named an address that is not its own: %q\n' "$1" >&2; exit 1; }
    printf %s "$1"
}
post() { curl -sS --max-time 30 --data-urlencode "client_id=$client_id" "$@"; }

server=$(curl -sSf --max-time 30 "$issuer/.well-known/oauth-authorization-server")
device_endpoint=$(own "$(field device_authorization_endpoint "$server")")
token_endpoint=$(own "$(field token_endpoint "$server")")
started=$(post --data-urlencode 'scope=openid email offline_access' --data-urlencode "device_name=$(uname -n)" \
    "$device_endpoint")
device_code=$(field device_code "$started") interval=$(field interval "$started")
[[ $device_code ]] || { field error_description "$started" >&2; exit 1; }
page=$(own "$(field verification_uri "$started")")
echo "Open $page and enter the code $(field user_code "$started")" >&2

while sleep "${interval:-5}"; do
    if ! answer=$(printf 'device_code=%s' "$device_code" |
        post --data-urlencode "grant_type=$grant_type" --data @- "$token_endpoint"); then
        # No response: double the interval, and give up at 100 s.
        interval=$((interval * 2))
        ((interval < 100)) || exit 1
        continue
    fi
    case $(field error "$answer") in
        '') break ;;
        authorization_pending) ;;
        slow_down) interval=$((interval + 5)) ;;
        *) field error_description "$answer" >&2; exit 1 ;;
    esac
done
# A tool that stays signed in stores the tokens in a file with mode 0600 and refreshes them as sign_in.py does.
curl -sSf --max-time 30 -H @- "$issuer/api/v1/whoami" <<<"Authorization: Bearer $(field access_token "$answer")"
