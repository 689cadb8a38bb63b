//! Open connections, their limits, and which ones are closed at a limit.
//!
//! There is a limit on all connections and one per address, both below the process's file descriptor limit,
//! so that accepting never runs out of descriptors. At a limit, the longest idle connections are closed; if
//! none is idle, the new one is.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::{Duration, Instant};

use ipnet::IpNet;

use crate::domain::network::subscriber;

/// Fraction of the idle connections that is closed at a time, so that a flood does not cause a search per
/// connection.
const SHARE: usize = 16;
/// Pause after a search that found no idle connection.
const SEARCH_AGAIN: Duration = Duration::from_millis(50);
/// Value of an entry while a request is read or answered.
const BUSY: u64 = u64::MAX;

/// The connections of a server. A handle: clones are the same connections.
#[derive(Debug, Clone)]
pub(super) struct Connections(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    most: usize,
    most_per_address: usize,
    /// Trusted proxies, which have no limit per address.
    trusted: Vec<IpNet>,
    began: Instant,
    draining: AtomicBool,
    list: Mutex<List>,
}

#[derive(Debug, Default)]
struct List {
    next: u64,
    open: usize,
    by_address: HashMap<IpAddr, Address>,
    nothing_idle: Option<Instant>,
}

#[derive(Debug, Default)]
struct Address {
    open: usize,
    /// Includes connections that are closing.
    entries: HashMap<u64, Arc<Entry>>,
    nothing_idle: Option<Instant>,
}

#[derive(Debug)]
struct Entry {
    /// Milliseconds after the start at which it became idle, or [`BUSY`].
    idle_since: AtomicU64,
    closing: AtomicBool,
    reader: Mutex<Option<Waker>>,
}

/// The limit is reached and no connection is idle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many connections")]
pub(super) struct TooManyConnections;

/// Slot of one connection, released when dropped.
#[derive(Debug)]
pub(super) struct Slot {
    connections: Connections,
    address: IpAddr,
    number: u64,
    entry: Arc<Entry>,
}

impl Connections {
    pub(super) fn new(most: usize, most_per_address: usize, trusted: Vec<IpNet>) -> Self {
        Self(Arc::new(Shared {
            most,
            most_per_address,
            trusted,
            began: Instant::now(),
            draining: AtomicBool::new(false),
            list: Mutex::default(),
        }))
    }

    pub(super) fn limit(&self) -> usize {
        self.0.most
    }

    /// Reserves a slot for a connection from an address. May ask idle connections to close.
    pub(super) fn admit(&self, from: IpAddr) -> Result<Slot, TooManyConnections> {
        let shared = &self.0;
        let bounded = !shared.trusted.iter().any(|network| network.contains(&from.to_canonical()));
        let address = subscriber(from);
        let mut list = self.list();
        if bounded && list.by_address.get(&address).is_some_and(|known| known.open >= shared.most_per_address)
        {
            list.make_room_of(address)?;
        }
        if list.open >= shared.most {
            list.make_room()?;
        }
        let entry = Arc::new(Entry {
            idle_since: AtomicU64::new(self.millis()),
            closing: AtomicBool::new(false),
            reader: Mutex::default(),
        });
        let number = list.next;
        list.next += 1;
        list.open += 1;
        let known = list.by_address.entry(address).or_default();
        known.open += 1;
        known.entries.insert(number, entry.clone());
        drop(list);
        Ok(Slot { connections: self.clone(), address, number, entry })
    }

    /// Closes each connection as soon as it is idle.
    pub(super) fn drain(&self) {
        self.0.draining.store(true, Ordering::SeqCst);
        let mut list = self.list();
        for address in list.by_address.values_mut() {
            address.close(usize::MAX);
        }
    }

    fn millis(&self) -> u64 {
        u64::try_from(self.0.began.elapsed().as_millis()).unwrap_or(BUSY - 1)
    }

    fn list(&self) -> MutexGuard<'_, List> {
        self.0.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl List {
    fn make_room_of(&mut self, address: IpAddr) -> Result<(), TooManyConnections> {
        let Some(known) = self.by_address.get_mut(&address) else { return Ok(()) };
        if searched(known.nothing_idle) {
            return Err(TooManyConnections);
        }
        let closed = known.close(known.open.div_ceil(SHARE));
        known.nothing_idle = (closed == 0).then(Instant::now);
        self.open -= closed;
        if closed == 0 { Err(TooManyConnections) } else { Ok(()) }
    }

    fn make_room(&mut self) -> Result<(), TooManyConnections> {
        if searched(self.nothing_idle) {
            return Err(TooManyConnections);
        }
        // Candidates are the longest idle connection of each address.
        let mut since: Vec<u64> =
            self.by_address.values().flat_map(Address::idle).map(|(since, _)| since).collect();
        since.sort_unstable();
        let share = self.open.div_ceil(SHARE).min(since.len());
        let Some(latest) = share.checked_sub(1).map(|last| since[last]) else {
            self.nothing_idle = Some(Instant::now());
            return Err(TooManyConnections);
        };
        let mut left = share;
        for address in self.by_address.values_mut() {
            let due = address.idle().filter(|(since, _)| *since <= latest).count().min(left);
            left -= due;
            self.open -= address.close(due);
        }
        Ok(())
    }
}

fn searched(nothing_idle: Option<Instant>) -> bool {
    nothing_idle.is_some_and(|at| at.elapsed() < SEARCH_AGAIN)
}

impl Address {
    fn idle(&self) -> impl Iterator<Item = (u64, &Arc<Entry>)> {
        self.entries.values().filter_map(|entry| entry.idle_since().map(|since| (since, entry)))
    }

    /// Asks up to `most` idle connections to close, oldest first, and returns how many.
    fn close(&mut self, most: usize) -> usize {
        let mut idle: Vec<_> = self.idle().collect();
        idle.sort_unstable_by_key(|(since, _)| *since);
        let closed = idle.into_iter().take(most).filter(|(_, entry)| entry.close()).count();
        self.open -= closed;
        closed
    }
}

impl Entry {
    /// `None` if busy or closing.
    fn idle_since(&self) -> Option<u64> {
        let since = self.idle_since.load(Ordering::SeqCst);
        (since != BUSY && !self.closing.load(Ordering::SeqCst)).then_some(since)
    }

    /// Asks the connection to close; `false` if it was asked before.
    fn close(&self) -> bool {
        let first = !self.closing.swap(true, Ordering::SeqCst);
        if let Some(reader) = self.reader().take() {
            reader.wake();
        }
        first
    }

    fn reader(&self) -> MutexGuard<'_, Option<Waker>> {
        self.reader.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slot {
    /// Part of a request has arrived.
    pub(super) fn busy(&self) {
        self.entry.idle_since.store(BUSY, Ordering::SeqCst);
    }

    /// All requests so far are answered.
    pub(super) fn idle(&self) {
        self.entry.idle_since.store(self.connections.millis(), Ordering::SeqCst);
        if self.connections.0.draining.load(Ordering::SeqCst) {
            self.release();
        }
    }

    /// Whether the connection was asked to close. If not, `reader` is woken when it is.
    pub(super) fn is_closing(&self, reader: &Waker) -> bool {
        {
            let mut known = self.entry.reader();
            if !known.as_ref().is_some_and(|known| known.will_wake(reader)) {
                *known = Some(reader.clone());
            }
        }
        // After the waker is stored, so that a request to close in between is not missed.
        self.entry.closing.load(Ordering::SeqCst)
    }

    /// No longer counts, although the connection may still be open.
    fn release(&self) {
        let mut list = self.connections.list();
        if self.entry.close() {
            list.open -= 1;
            if let Some(address) = list.by_address.get_mut(&self.address) {
                address.open -= 1;
            }
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.release();
        let mut list = self.connections.list();
        if let Some(address) = list.by_address.get_mut(&self.address) {
            address.entries.remove(&self.number);
            if address.entries.is_empty() {
                list.by_address.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;
    use std::task::Wake;

    use super::*;

    #[derive(Default)]
    struct Counted(AtomicUsize);

    impl Wake for Counted {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn from(address: &str) -> IpAddr {
        address.parse().unwrap()
    }

    /// A connection that became idle at this millisecond.
    fn idle(connections: &Connections, address: &str, since: u64) -> Slot {
        let place = connections.admit(from(address)).unwrap();
        place.entry.idle_since.store(since, Ordering::SeqCst);
        place
    }

    fn closing(place: &Slot) -> bool {
        place.is_closing(Waker::noop())
    }

    #[test]
    fn cb_08_the_one_that_is_idle_for_longest_makes_room() {
        let connections = Connections::new(3, 3, Vec::new());
        let places = [("10.0.0.1", 7), ("10.0.0.2", 5), ("10.0.0.3", 6)]
            .map(|(address, since)| idle(&connections, address, since));
        let woken = Arc::new(Counted::default());
        assert!(!places[1].is_closing(&woken.clone().into()));
        let new = connections.admit(from("10.0.0.4")).unwrap();
        assert_eq!(places.each_ref().map(closing), [false, true, false]);
        assert_eq!(woken.0.load(Ordering::SeqCst), 1, "it hears of it");
        assert!(!closing(&new));
        assert_eq!(connections.list().open, 3);
        drop((places, new));
        assert_eq!(connections.list().open, 0);
        assert!(connections.list().by_address.is_empty());
    }

    #[test]
    fn cb_08_one_that_is_busy_is_never_closed_for_a_new_one() {
        let connections = Connections::new(2, 2, Vec::new());
        let places = [idle(&connections, "10.0.0.1", 1), idle(&connections, "10.0.0.2", 2)];
        places.iter().for_each(Slot::busy);
        assert_eq!(connections.admit(from("10.0.0.3")).unwrap_err(), TooManyConnections);
        assert!(!places.iter().any(closing));
        places[1].idle();
        std::thread::sleep(SEARCH_AGAIN);
        drop(connections.admit(from("10.0.0.3")).unwrap());
        assert_eq!(places.each_ref().map(closing), [false, true]);
    }

    #[test]
    fn cb_08_an_address_makes_room_for_itself() {
        let trusted = vec!["10.0.0.9/32".parse().unwrap()];
        let connections = Connections::new(100, 2, trusted);
        let other = idle(&connections, "10.0.0.1", 1);
        let crowd = [2, 3].map(|since| idle(&connections, "2001:db8::1", since));
        let next = connections.admit(from("2001:db8::ffff")).unwrap();
        assert!(!closing(&other));
        assert_eq!(crowd.each_ref().map(closing), [true, false], "the /64 is one address");
        let proxied: Vec<_> = (0..9).map(|since| idle(&connections, "10.0.0.9", since)).collect();
        assert!(!proxied.iter().any(closing), "behind a proxy there are many");
        drop(next);
    }

    #[test]
    fn at_the_end_everybody_leaves_as_soon_as_they_are_idle() {
        let connections = Connections::new(9, 9, Vec::new());
        let [resting, working] = [1, 2].map(|since| idle(&connections, "10.0.0.1", since));
        working.busy();
        connections.drain();
        assert!(closing(&resting) && !closing(&working));
        working.idle();
        assert!(closing(&working));
        drop((resting, working));
        assert_eq!(connections.list().by_address.len(), 0);
    }
}
