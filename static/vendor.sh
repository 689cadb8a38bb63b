#!/usr/bin/env bash
# Copies the few third-party files the pages need into static/ and templates/icons/, and writes VENDOR.lock.
# Run by a developer when a version changes; the results are committed. Neither the build nor the server uses npm.
#   static/vendor.sh          fetch, verify, copy
#   static/vendor.sh --check  offline: fail if a committed file differs from VENDOR.lock
set -euo pipefail
cd "$(dirname "$0")/.."
if [ "${1:-}" = --check ]; then exec sha256sum --quiet --strict -c static/VENDOR.lock; fi

ICONS="badge-check building-2 chart-column check chevron-down circle-dot circle-question-mark clock copy info key-round laptop
  menu pencil scroll-text server shield-check sliders-horizontal square-terminal terminal trash-2 triangle-alert users x"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fetch() { # name version integrity
  local tarball got
  tarball=$work/$(cd "$work" && npm pack --silent "$1@$2" | tail -1)
  got="sha512-$(openssl dgst -sha512 -binary "$tarball" | base64 -w0)"
  [ "$3" = "$got" ] || { echo "integrity of $1@$2 differs: $got" >&2; exit 1; }
  rm -rf "$work/package"
  tar xzf "$tarball" -C "$work"
}

mkdir -p static/fonts static/licences templates/icons

fetch @fontsource-variable/inter 5.3.0 sha512-OupL48va4JNofb97w6NYeF9S7W/kHNKM0Er8Dem5nqi4jeOLrVJDoE8tZEpnMJmtkvNbB1EIPPwHcdkF6b1oUA==
cp "$work/package/files/inter-latin-wght-normal.woff2" static/fonts/inter-latin.woff2
cp "$work/package/files/inter-latin-ext-wght-normal.woff2" static/fonts/inter-latin-ext.woff2
cp "$work/package/LICENSE" static/licences/inter-OFL.txt

fetch @fontsource-variable/jetbrains-mono 5.3.0 sha512-F32xpS2NsGYoQi2ADSkKTgpJj7ozajsGgDJ8woTnqjmIB+dxDIqImjl4pXZVEExu8UFZ2ndhmX18EBS/hdz3Lw==
cp "$work/package/files/jetbrains-mono-latin-wght-normal.woff2" static/fonts/jetbrains-mono-latin.woff2
cp "$work/package/LICENSE" static/licences/jetbrains-mono-OFL.txt

fetch lucide-static 1.62.0 sha512-WBZA/m2PvkFpMGHDtsBck5P2A9G4ehLlYu4GwwICcmEm1BvYVgj00lCDxKRWLlbMlOibLaiwdQ88G5pHkSWgwA==
cp "$work/package/LICENSE" static/licences/lucide-ISC.txt
rm -f templates/icons/*.svg
for icon in $ICONS; do
  {
    printf '<svg class="i" viewBox="0 0 24 24" aria-hidden="true" focusable="false">'
    sed -e '/<!--.*-->/d' "$work/package/icons/$icon.svg" | tr '\n' ' ' |
      sed -e 's/<svg[^>]*>//' -e 's#</svg>##' -e 's/  */ /g' -e 's/^ //' -e 's/ $//' -e 's#> <#><#g' -e 's# />#/>#g'
    printf '</svg>'
  } >"templates/icons/$icon.svg"
done

find static/fonts static/licences templates/icons -type f | LC_ALL=C sort | xargs sha256sum >static/VENDOR.lock
