//! A free loopback port, and the randomness behind it and behind names.
//!
//! Ports are taken from below the range out of which systems give ports to outgoing connections. A stopped server's port
//! thus stays free for its restart, and a client that keeps trying while the server is down never meets itself.

use std::hash::{BuildHasher, RandomState};
use std::net::{Ipv4Addr, TcpListener};
use std::ops::Range;

use anyhow::{Context, Result};

const PORTS: Range<u16> = 10_240..32_768;

const TRIES: usize = 100;

/// Free now: another process may be quicker, so who binds it must be ready to ask again.
pub fn free() -> Result<u16> {
    let width = u64::from(PORTS.end - PORTS.start);
    let candidates = (0..TRIES).filter_map(|_| u16::try_from(random() % width).ok()).map(|offset| PORTS.start + offset);
    let free = candidates.into_iter().find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok());
    free.with_context(|| format!("none of {TRIES} loopback ports in {PORTS:?} is free"))
}

/// Different in every call and process.
pub fn random() -> u64 {
    RandomState::new().hash_one(std::process::id())
}
