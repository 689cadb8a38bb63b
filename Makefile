# What one does here. `make help` lists it; ARGS="..." goes on to the command behind a target.

SHELL := bash
# Built apart: which features the library is built with must not depend on what is built with it.
EXAMPLES := weather weather-own-client weather-sync
EVERYTHING := --locked --workspace $(EXAMPLES:%=--exclude %)
.SHELLFLAGS := -euo pipefail -c
ARGS ?=

.PHONY: help run check check-all check-windows check-macos test chaos fuzz lint fmt clippy doc docs deny semver msrv bench man

help: ## List these commands
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 15

run: ## Start the server with its defaults: http://127.0.0.1:8642
	cargo run --release --locked --bin keystiled -- $(ARGS)

check: ## Format, clippy, unit tests and the tests on SQLite: needs only Rust, installs nothing
	cargo fmt --all --check
	cargo clippy $(EVERYTHING) --all-targets -- -D warnings
	tests/check $(ARGS)

check-all: check-windows check-macos ## Type-check the library and the CLI for other systems; not part of `make lint`, because it takes minutes

check-windows: ## Type-check the library and the CLI for Windows: nothing is linked or run
	tests/check-target windows

check-macos: ## Type-check the library and the CLI for macOS: nothing is linked or run
	tests/check-target macos

test: ## Run every test; says what it has to install, and asks on a terminal (ARGS="-- pages" chooses)
	tests/run $(ARGS)

chaos: ## Trouble under load on the release build (SECONDS=300 each, ONE_BY_ONE=1, ARGS="-- chaos::clock" chooses)
	cargo build --release --locked --bin keystiled
	KEYSTILE_TEST_SERVER="$$PWD/target/release/keystiled" KEYSTILE_CHAOS_SECONDS="$(or $(SECONDS),20)" \
		tests/run $(or $(ARGS),-- chaos::) --nocapture $(if $(ONE_BY_ONE),--test-threads=1,--test-threads=64)

fuzz: ## Call the API with all that its OpenAPI document allows and forbids (ARGS="--seed 1")
	tests/fuzz $(ARGS)

lint: fmt clippy doc deny ## Check the form of the code and its dependencies

fmt:
	cargo fmt --all --check

clippy:
	cargo clippy $(EVERYTHING) --all-targets -- -D warnings
	cargo clippy --locked --package keystile --package weather --all-targets -- -D warnings
	cargo clippy --locked --package keystile --no-default-features --all-targets -- -D warnings
	cargo clippy --locked --package weather-sync --package weather-own-client --all-targets -- -D warnings
	cargo clippy --locked --package keystile --features tower --all-targets -- -D warnings
	cargo clippy --locked --package keystile-cli --all-features -- -D warnings

doc:
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --no-deps --document-private-items

# The declared minimum Rust still builds both programs and every library.
msrv: ## Build with the oldest supported Rust, which rustup installs
	@version=$$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml); \
	echo "rustup run --install $$version cargo check"; \
	rustup run --install "$$version" cargo check --locked --workspace --all-features --target-dir "target/msrv"

# cargo-deny only reads manifests, so an unoptimized build, which takes far less time, is enough.
deny:
	@command -v cargo-deny >/dev/null || cargo install --locked --debug cargo-deny
	cargo deny --locked --workspace --all-features check licenses bans sources
	@if cargo deny --locked fetch db 2>/dev/null; then \
		cargo deny --locked --workspace --all-features check advisories; \
	else \
		echo "WARNING: the database of advisories cannot be reached, so known vulnerabilities were NOT checked." >&2; \
	fi

# The baseline is the tag of the last release. A clone without tags must not pass as a project without releases.
semver: ## Compare the public API of the libraries with the last release
	@tag=$$(git describe --tags --abbrev=0 --match 'v[0-9]*' 2>/dev/null || true); \
	if [ -n "$$tag" ]; then \
		command -v cargo-semver-checks >/dev/null || cargo install --locked cargo-semver-checks; \
		cargo semver-checks --package keystile --package keystile-key-format --baseline-rev "$$tag"; \
	elif grep -q '^## \[*[0-9]' CHANGELOG.md; then \
		echo "semver: CHANGELOG.md has a release, but this clone has no tag v*. Run git fetch --tags (with --unshallow if it is shallow)." >&2; exit 1; \
	else \
		echo "semver: NOT compared. Nothing has been released yet, so there is no baseline."; \
	fi

docs: ## Write config/example.toml and the tables of docs/configuration.md from src/config/sections/
	cargo test --quiet $(EVERYTHING) --lib -- --ignored --exact config::tests::generated::make_docs

man: ## Write the manual pages of the CLI to target/man and its completions to target/completions
	cargo build --release --locked --package keystile-cli
	target/release/keystile man target/man
	mkdir -p target/completions
	for shell in bash zsh fish powershell elvish; do \
		target/release/keystile completions $$shell >target/completions/keystile.$$shell; \
	done

bench: ## Measure against the limits of this machine (QUICK=1: two minutes, LONG=1: a million sessions, ONLY=refresh|codes|lookups|export|passwords)
	QUICK="$(QUICK)" LONG="$(LONG)" ONLY="$(ONLY)" bench/run
