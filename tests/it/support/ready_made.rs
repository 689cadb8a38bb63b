//! Expensive fixtures shared by all tests: signing keys and the password hash.

use std::sync::LazyLock;

use keystiled::config::Config;
use keystiled::domain::clock::Clock;
use keystiled::domain::entropy::Entropy;
use keystiled::domain::secret::Secret;
use keystiled::keys::password;
use keystiled::keys::rsa_key::{self, NewKey};
use keystiled::services::instance;
use keystiled::services::signing_keys::{self, SealedKey};

/// The password of every test user.
pub(crate) const PASSWORD: &str = "seven lanterns under the bridge";

/// Its hash.
pub(crate) fn password_hash() -> String {
    static HASH: LazyLock<String> = LazyLock::new(|| password::hash(&Secret::new(PASSWORD), Entropy));
    HASH.clone()
}

/// Inserts keys before the server generates its own.
pub(super) async fn signing_keys(config: &Config, clock: &Clock) {
    static KEYS: LazyLock<[NewKey; 2]> =
        LazyLock::new(|| [0, 1].map(|_| rsa_key::generate(2048, Entropy).unwrap()));
    let (config, clock) = (config.clone(), clock.clone());
    let opened = tokio::task::spawn_blocking(move || {
        LazyLock::force(&KEYS);
        instance::open_or_create(&config, clock)
    });
    let instance = opened.await.unwrap().unwrap_or_else(|error| panic!("{error}"));
    let [active, next] = KEYS.each_ref().map(|key| SealedKey::new(&instance.master, key, Entropy));
    instance.store.write(move |work| signing_keys::install(work, active, next)).await.unwrap();
}
