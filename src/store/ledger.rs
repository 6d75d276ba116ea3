//! The ledger: a chain of records, its exported file, and the checkpoint.
//!
//! Each record is one JSON text with its number and the hash of the record before it; its own hash is the SHA-256 of
//! exactly those bytes. The database holds the chain in the same transaction as the change it tells of. After the
//! commit the same bytes are appended to `ledger.ndjson`, one line a record:
//! `{"sha256":"<64 hex digits>","record":<the exact bytes>}`. A chain alone does not show that its tail was cut off,
//! therefore every run exports a checkpoint as well (ATT-4): number of records, last hash, lineage and serial.

use scan_contract::Instant;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::findings::{FindingState, Fingerprint};
use crate::store::{LedgerEvent, StoreError};

/// Name of the exported file.
pub const LEDGER_FILE: &str = "ledger.ndjson";
/// Name of the checkpoint.
pub const CHECKPOINT_FILE: &str = "checkpoint.json";

const LINE_START: &str = "{\"sha256\":\"";
const LINE_MIDDLE: &str = "\",\"record\":";
const LINE_END: &str = "}\n";

/// A SHA-256.
pub type Hash = [u8; 32];

#[derive(Serialize)]
struct Written<'a> {
    sequence: u64,
    previous: &'a str,
    at: Instant,
    entry: &'a LedgerEvent,
}

/// A record as it is stored, read back.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// 1, 2, ...
    pub sequence: u64,
    /// Hash of the record before, lower-case hex.
    pub previous: String,
    /// When it was written.
    pub at: Instant,
    /// What happened.
    pub entry: LedgerEvent,
}

/// A record ready to be stored: its exact bytes and their hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// Number.
    pub sequence: u64,
    /// Exact bytes, JSON.
    pub body: String,
    /// SHA-256 of the bytes.
    pub hash: Hash,
}

impl Sealed {
    /// The line of the exported file.
    pub fn line(&self) -> String {
        line_of(&self.body, &self.hash)
    }
}

/// The end of a chain, to which records are appended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    /// Number of the last record; zero for an empty chain.
    pub sequence: u64,
    /// Hash of the last record, or the beginning that binds the chain to its lineage.
    pub head: Hash,
}

impl Chain {
    /// An empty chain. Its beginning depends on the lineage, so that the ledger of one store does not continue another.
    pub fn begin(lineage: &str) -> Self {
        Self { sequence: 0, head: Sha256::digest(format!("holdover ledger 1\n{lineage}")).into() }
    }

    /// Seals the next record.
    pub fn append(&mut self, at: Instant, event: &LedgerEvent) -> Result<Sealed, StoreError> {
        let sequence = self.sequence + 1;
        let written = Written { sequence, previous: &hex(&self.head), at, entry: event };
        let body = serde_json::to_string(&written).map_err(|error| StoreError::Database {
            doing: "writing a record of the ledger",
            detail: error.to_string(),
        })?;
        let hash: Hash = Sha256::digest(&body).into();
        *self = Self { sequence, head: hash };
        Ok(Sealed { sequence, body, hash })
    }

    /// Follows the chain by one stored record. The error says what does not fit.
    pub fn follow(&mut self, body: &str, hash: &[u8]) -> Result<Record, String> {
        let computed: Hash = Sha256::digest(body).into();
        if computed != hash {
            return Err(String::from("the hash does not fit the bytes"));
        }
        let record: Record = serde_json::from_str(body).map_err(|error| format!("not a record: {error}"))?;
        if record.sequence != self.sequence + 1 {
            return Err(format!("number {} follows number {}", record.sequence, self.sequence));
        }
        if record.previous != hex(&self.head) {
            return Err(String::from("it does not continue the record before it"));
        }
        *self = Self { sequence: record.sequence, head: computed };
        Ok(record)
    }
}

/// The two lines that tell of a finding carried over to another fingerprint.
pub fn carried_over(run_id: &str, old: Fingerprint, new: Fingerprint, state: FindingState) -> [LedgerEvent; 2] {
    let line = |fingerprint: Fingerprint, from: Option<FindingState>, to: &str, why: String| LedgerEvent::State {
        run: run_id.to_owned(),
        fingerprint: fingerprint.to_string(),
        from: from.map(|state| state.as_str().to_owned()),
        to: to.to_owned(),
        why,
    };
    [
        line(old, Some(state), "carried_over", format!("the immutable id became known: goes on as {new}")),
        line(new, None, state.as_str(), format!("the immutable id became known: was {old}")),
    ]
}

/// What every run leaves outside the database, so that a cut tail or an older copy shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checkpoint {
    /// Form of this file.
    pub version: u32,
    /// Lineage of the store.
    pub lineage: String,
    /// Serial of the store.
    pub serial: u64,
    /// Records in the ledger.
    pub records: u64,
    /// Hash of the last one, lower-case hex.
    pub head: String,
}

impl Checkpoint {
    /// The file's bytes.
    pub fn write(&self) -> Result<Vec<u8>, StoreError> {
        let mut bytes = serde_json::to_vec_pretty(self)
            .map_err(|error| StoreError::Database { doing: "writing the checkpoint", detail: error.to_string() })?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// Reads the file's bytes; `path` is for the message.
    pub fn read(path: &str, bytes: &[u8]) -> Result<Self, StoreError> {
        let refused = |why: String| StoreError::Refused { path: path.to_owned(), why };
        let checkpoint: Self = serde_json::from_slice(bytes)
            .map_err(|error| refused(format!("it is not a checkpoint ({error}); restore it from a backup")))?;
        if checkpoint.version != 1 {
            return Err(refused(format!("form {} is not known: use the newer program", checkpoint.version)));
        }
        Ok(checkpoint)
    }
}

/// A line of the exported file for a stored record.
pub fn line_of(body: &str, hash: &[u8]) -> String {
    format!("{LINE_START}{}{LINE_MIDDLE}{body}{LINE_END}", hex(hash))
}

/// Takes a line of the exported file (with its newline) apart: hash as written, exact bytes. `None` where it is not such a line.
pub fn split_line(line: &str) -> Option<(&str, &str)> {
    let rest = line.strip_prefix(LINE_START)?;
    let (hash, rest) = rest.split_at_checked(64)?;
    let body = rest.strip_prefix(LINE_MIDDLE)?.strip_suffix(LINE_END)?;
    Some((hash, body))
}

/// Lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let pair = |byte: &u8| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]];
    bytes.iter().flat_map(pair).map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(run: &str) -> LedgerEvent {
        LedgerEvent::RunInterrupted { run: run.to_owned() }
    }

    fn at() -> Instant {
        "2026-08-01T02:30:00Z".parse().unwrap()
    }

    fn chain_of(count: usize) -> Vec<Sealed> {
        let mut chain = Chain::begin("here");
        (0..count).map(|number| chain.append(at(), &event(&number.to_string())).unwrap()).collect()
    }

    #[test]
    fn a_sound_chain_is_followed_to_its_head() {
        let mut chain = Chain::begin("here");
        for sealed in chain_of(3) {
            let (hash, body) = split_line(Box::leak(sealed.line().into_boxed_str())).unwrap();
            assert_eq!(hash, hex(&sealed.hash));
            chain.follow(body, &sealed.hash).unwrap();
        }
        assert_eq!(chain.sequence, 3);
    }

    #[test]
    fn a_changed_byte_a_left_out_record_and_another_lineage_break_the_chain() {
        let records = chain_of(3);
        let changed = records[0].body.replace("\"0\"", "\"9\"");
        assert!(Chain::begin("here").follow(&changed, &records[0].hash).is_err());
        let rehashed: Hash = Sha256::digest(&changed).into();
        let mut chain = Chain::begin("here");
        chain.follow(&changed, &rehashed).unwrap();
        assert!(chain.follow(&records[1].body, &records[1].hash).is_err(), "the next record shows the change");
        let mut chain = Chain::begin("here");
        chain.follow(&records[0].body, &records[0].hash).unwrap();
        assert!(chain.follow(&records[2].body, &records[2].hash).is_err(), "a record is missing");
        assert!(Chain::begin("there").follow(&records[0].body, &records[0].hash).is_err(), "another store's ledger");
    }

    #[test]
    fn the_hash_is_that_of_the_exact_bytes() {
        let sealed = chain_of(1).remove(0);
        let computed: Hash = Sha256::digest(sealed.body.as_bytes()).into();
        assert_eq!(computed, sealed.hash);
        assert!(serde_json::from_str::<serde_json::Value>(&sealed.line()).is_ok(), "each line is JSON");
    }
}
