//! Takes a unit of the [`guessing`] budget before a password is checked.

use std::net::IpAddr;

use crate::domain::guessing::{self, Account, Admission, TakenUnit};
use crate::domain::network::site;
use crate::domain::secret::Digest;
use crate::keys::master::{MasterKey, Purpose};
use crate::store::{StoreError, Work, throttles};

/// Keys that an attempt is counted under. They are pseudonyms of email address and network.
#[derive(Debug, Clone, Copy)]
pub(super) enum Budget {
    /// A known device of the account.
    Device(Digest),
    /// The account, and the account with a network.
    Network { account: Digest, network: Digest },
}

impl Budget {
    /// `account` is the entered email address, whether or not it has an account.
    pub(super) fn new(
        master: &MasterKey,
        account: &str,
        known_device: Option<&str>,
        address: Option<IpAddr>,
    ) -> Self {
        let key = |parts: [&str; 3]| master.pseudonym(Purpose::Throttle, &parts.map(str::as_bytes));
        if let Some(device) = known_device {
            return Self::Device(key(["device", account, device]));
        }
        let network = address.map(|address| site(address).to_string()).unwrap_or_default();
        Self::Network { account: key(["account", account, ""]), network: key(["network", account, &network]) }
    }

    /// Takes a unit, or returns the seconds to wait.
    pub(super) fn take(self, work: &mut Work<'_>) -> Result<Admission, StoreError> {
        match self {
            Self::Device(key) => {
                let mut source = throttles::lock_source(work.conn, key, work.now)?;
                let verdict = guessing::try_from_device(&mut source, work.now);
                throttles::save_source(work.conn, key, source)?;
                Ok(verdict)
            }
            Self::Network { account: key, network } => {
                let mut account = throttles::lock_account(work.conn, key, work.now)?;
                for passed in account.advance_minute(work.now) {
                    let source = throttles::find_source(work.conn, passed)?;
                    throttles::save_source(work.conn, passed, Some(Account::no_show(source, work.now)))?;
                }
                let mut source = throttles::find_source(work.conn, network)?;
                let verdict = guessing::try_from_network(&mut account, network, &mut source, work.now);
                if matches!(verdict, Admission::Admitted(_)) {
                    throttles::save_source(work.conn, network, source)?;
                }
                throttles::save_account(work.conn, key, &account, work.now)?;
                Ok(verdict)
            }
        }
    }

    /// Returns a unit after a correct password, or one that was not checked.
    pub(super) fn give_back(self, work: &mut Work<'_>, taken: &TakenUnit) -> Result<(), StoreError> {
        let key = match self {
            Self::Device(key) => key,
            Self::Network { account: key, network } => {
                let mut account = throttles::lock_account(work.conn, key, work.now)?;
                account.give_back(taken);
                throttles::save_account(work.conn, key, &account, work.now)?;
                network
            }
        };
        let mut source = throttles::lock_source(work.conn, key, work.now)?;
        taken.return_to(&mut source);
        throttles::save_source(work.conn, key, source)
    }
}
