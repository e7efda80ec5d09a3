//! The hash chain of the journal, which makes edits evident.
//!
//! `chain = SHA-256(previous chain ‖ body)`, starting from 32 zero bytes, so anybody can verify an
//! exported journal with `sha256sum`. The number and chain of the last event are kept a second time
//! as the head, so that a cut tail is found too.
//!
//! What it finds: changed, removed, inserted and swapped events. What it cannot find: somebody who
//! may write to the store and computes every later chain and the head anew. Against that, keep the
//! head that `waxseal log --verify` prints, or the events themselves, on another machine. The time
//! in the body is part of the chain; the column `at`, which serves `--since`, is covered by the
//! row's checksum only.

use std::fmt;

use rusqlite::{Connection, Row};
use sha2::{Digest, Sha256};
use waxseal_hashers::hex;

use super::codec::loaded;
use super::error::Fault;
use super::journal::checksum;
use super::meta;
use super::row::blob;

/// More faults than these are only counted.
const FAULTS_LISTED: usize = 100;

/// The result of verifying the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainReport {
    /// How many events there are.
    pub events: u64,
    /// The last event as the store remembers it: keep it elsewhere to find a rewritten journal.
    pub head: Option<ChainHead>,
    /// What is wrong, in order; empty when all is well. At most the first hundred.
    pub faults: Vec<ChainFault>,
    /// How many faults there are in all.
    pub fault_count: u64,
}

/// The end of the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainHead {
    /// The number of the last event.
    pub seq: u64,
    /// Its chain in hexadecimal.
    pub chain: String,
}

/// One thing that is wrong with the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChainFault {
    /// The event does not continue the chain: it, or the one before it, is not what was written.
    Altered {
        /// The event's number.
        seq: u64,
    },
    /// Events are gone.
    Missing {
        /// The first of them.
        first: u64,
        /// The last of them.
        last: u64,
    },
    /// Events stand behind the recorded end of the journal.
    BehindHead {
        /// The first of them.
        first: u64,
        /// The last of them.
        last: u64,
    },
}

impl fmt::Display for ChainFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Altered { seq } => write!(f, "event {seq} was altered"),
            Self::Missing { first, last } => write!(f, "events {first} to {last} are missing"),
            Self::BehindHead { first, last } => {
                write!(
                    f,
                    "events {first} to {last} were added behind the journal's end"
                )
            }
        }
    }
}

/// Where the next event goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) seq: u64,
    pub(super) chain: [u8; 32],
}

impl Head {
    const EMPTY: Self = Self {
        seq: 0,
        chain: [0; 32],
    };

    /// Reads the head as recorded.
    pub(super) fn load(conn: &Connection) -> Result<Self, Fault> {
        let Some(text) = meta::get(conn, meta::JOURNAL_HEAD)? else {
            return Ok(Self::EMPTY);
        };
        let damaged = || Fault::Damaged("the journal's head is unreadable".to_owned());
        let (seq, chain) = text.split_once(' ').ok_or_else(damaged)?;
        let chain = parse_chain(chain).ok_or_else(damaged)?;
        let seq = seq.parse().map_err(|_| damaged())?;
        Ok(Self { seq, chain })
    }

    /// Records the head; part of the transaction that appended the events.
    pub(super) fn save(self, conn: &Connection) -> Result<(), Fault> {
        let text = format!("{} {}", self.seq, hex(&self.chain));
        meta::put(conn, meta::JOURNAL_HEAD, &text)
    }

    /// Returns the head that follows when this body is appended.
    pub(super) fn after(self, body: &str) -> Self {
        Self {
            seq: self.seq + 1,
            chain: link(&self.chain, body),
        }
    }
}

/// Recomputes the whole chain.
pub(super) fn verify(conn: &Connection) -> Result<ChainReport, Fault> {
    let recorded = Head::load(conn)?;
    let mut report = ChainReport {
        events: 0,
        head: (recorded.seq > 0).then(|| ChainHead {
            seq: recorded.seq,
            chain: hex(&recorded.chain),
        }),
        faults: Vec::new(),
        fault_count: 0,
    };
    let mut select = conn
        .prepare_cached("SELECT seq, at, at_ns, body, chain, checksum FROM event ORDER BY seq")?;
    let mut rows = select.query([])?;
    let mut last = Head::EMPTY;
    while let Some(row) = rows.next()? {
        report.events += 1;
        last = verify_event(row, last, &mut report)?;
    }
    if last.seq < recorded.seq {
        report.note(ChainFault::Missing {
            first: last.seq + 1,
            last: recorded.seq,
        });
    } else if last.seq > recorded.seq {
        report.note(ChainFault::BehindHead {
            first: recorded.seq + 1,
            last: last.seq,
        });
    } else if last.chain != recorded.chain {
        report.note(ChainFault::Altered { seq: last.seq });
    }
    Ok(report)
}

/// Verifies that the journal ends where its head says; cheap, for every start after a crash.
pub(super) fn verify_end(conn: &Connection) -> Result<(), Fault> {
    let head = Head::load(conn)?;
    let mut select =
        conn.prepare_cached("SELECT seq, chain FROM event ORDER BY seq DESC LIMIT 1")?;
    let mut rows = select.query([])?;
    let found = match rows.next()? {
        None => Head::EMPTY,
        Some(row) => Head {
            seq: loaded(row.get(0)?),
            chain: blob(row, 1)?.try_into().unwrap_or_default(),
        },
    };
    if found == head {
        Ok(())
    } else {
        Err(Fault::Damaged(format!(
            "the journal ends at event {}, but its recorded end is event {}",
            found.seq, head.seq
        )))
    }
}

impl ChainReport {
    /// Says whether the journal is as it was written.
    pub fn is_intact(&self) -> bool {
        self.fault_count == 0
    }

    fn note(&mut self, fault: ChainFault) {
        // An altered last event differs from its predecessor and from the head: one fault.
        if self.faults.last() == Some(&fault) {
            return;
        }
        self.fault_count += 1;
        if self.faults.len() < FAULTS_LISTED {
            self.faults.push(fault);
        }
    }
}

/// Compares one event with the one before it and returns it as the new last one.
///
/// The chain as stored is carried on, so that one edited event is one fault and not a fault of
/// every later event.
fn verify_event(row: &Row<'_>, last: Head, report: &mut ChainReport) -> Result<Head, Fault> {
    let seq: i64 = row.get(0)?;
    let (secs, nanos): (i64, i64) = (row.get(1)?, row.get(2)?);
    let chain = blob(row, 4)?;
    let here = Head {
        seq: loaded(seq),
        chain: chain.try_into().unwrap_or_default(),
    };
    if here.seq > last.seq + 1 {
        report.note(ChainFault::Missing {
            first: last.seq + 1,
            last: here.seq - 1,
        });
        // Without its predecessor this event's own chain cannot be recomputed.
        return Ok(here);
    }
    // A body that is no longer UTF-8 was altered, too.
    let intact = row.get_ref(3)?.as_str().is_ok_and(|body| {
        let sum = checksum([seq, secs, nanos], body, chain);
        link(&last.chain, body) == here.chain
            && row.get(5).is_ok_and(|kept: i64| kept == sum.value())
    });
    if !intact {
        report.note(ChainFault::Altered { seq: here.seq });
    }
    Ok(here)
}

fn link(previous: &[u8; 32], body: &str) -> [u8; 32] {
    Sha256::new()
        .chain_update(previous)
        .chain_update(body)
        .finalize()
        .into()
}

pub(super) fn parse_chain(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 {
        return None;
    }
    let mut chain = [0; 32];
    for (byte, digits) in chain.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let digits = std::str::from_utf8(digits).ok()?;
        *byte = u8::from_str_radix(digits, 16).ok()?;
    }
    // That takes signs and capitals as well.
    (hex(&chain) == text).then_some(chain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_in_capitals_or_with_signs_is_none() {
        let chain = [0xab; 32];
        let text = hex(&chain);
        assert_eq!(parse_chain(&text), Some(chain));
        assert_eq!(parse_chain(&text.to_uppercase()), None);
        assert_eq!(parse_chain(&text.replace("ab", "+b")), None);
        assert_eq!(parse_chain(&text[..62]), None);
    }
}
