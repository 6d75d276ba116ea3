//! The ledger: lines of its exported file, records, checkpoints (ATT-4).

use holdover::store::LedgerEvent;
use holdover::store::ledger::{Chain, Checkpoint, Hash, Record, line_of, split_line};
use sha2::{Digest, Sha256};

use crate::help::host::hex;
use crate::help::now;

pub(super) const HOLDS: &str = "a record is followed only with the hash of its own bytes, the next number and the hash before it; a \
    line comes apart into what it was made of; an event that is read is written the same; no change of any byte of a chain \
    goes unseen; a checkpoint that is read is written the same";

pub(super) fn run(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    follow_as_written(&text);
    let events: Vec<LedgerEvent> =
        text.lines().take(8).filter_map(|line| serde_json::from_str(event_of(line)).ok()).collect();
    let mut chain = Chain::begin("fuzz");
    let file: String = events.iter().map(|event| chain.append(now(), event).expect("an event").line()).collect();
    let read = follow_file(&file).unwrap_or_else(|why| panic!("a chain of our own: {why}"));
    assert_eq!(read.iter().map(|record| &record.entry).collect::<Vec<_>>(), events.iter().collect::<Vec<_>>());
    if let (Some(at), false) = (bytes.first(), file.is_empty()) {
        // One byte somewhere, changed in one bit, so that it stays text.
        let mut changed = file.clone().into_bytes();
        let at = (usize::from(*at) * 257 + bytes.len()) % changed.len();
        changed[at] ^= 1;
        if let Ok(changed) = String::from_utf8(changed) {
            assert!(follow_file(&changed).is_err(), "byte {at} of {file}");
        }
    }
    if let Ok(checkpoint) = Checkpoint::read("checkpoint.json", bytes) {
        let written = checkpoint.write().expect("a checkpoint");
        assert_eq!(Checkpoint::read("checkpoint.json", &written).ok(), Some(checkpoint));
    }
}

/// The event alone, or the entry of a record that stands in its line of the file.
fn event_of(line: &str) -> &str {
    let entry = line.split_once("\"entry\":").map_or(line, |(_, entry)| entry);
    entry.strip_suffix("}}").filter(|_| line.starts_with("{\"sha256\"")).unwrap_or(entry)
}

fn follow_file(file: &str) -> Result<Vec<Record>, String> {
    let mut chain = Chain::begin("fuzz");
    let mut records = Vec::new();
    for line in file.split_inclusive('\n') {
        let (hash, body) = split_line(line).ok_or("not a line of a ledger")?;
        assert_eq!(body.len() + hash.len() + 24, line.len(), "a line comes apart into all of it: {line:?}");
        let hash = unhex(hash).ok_or("not a hash")?;
        records.push(chain.follow(body, &hash)?);
    }
    Ok(records)
}

/// Whatever stands there, with the hash that belongs to it: what is followed continues the chain.
fn follow_as_written(text: &str) {
    for line in text.split_inclusive('\n') {
        let Some((hash, body)) = split_line(line) else { continue };
        if let Some(hash) = unhex(hash) {
            assert_eq!(line_of(body, &hash), line);
        }
        let own: Hash = Sha256::digest(body).into();
        let mut chain = Chain::begin("fuzz");
        let before = chain.clone();
        assert!(chain.follow(body, &[0; 32]).is_err(), "followed with another hash");
        assert_eq!(chain, before, "a refused record moved the chain");
        if let Ok(record) = chain.follow(body, &own) {
            assert_eq!((record.sequence, record.previous), (1, hex(&before.head)));
            assert_eq!((chain.sequence, chain.head), (1, own));
        }
    }
}

/// Lower-case hex.
fn unhex(text: &str) -> Option<Hash> {
    let mut hash = [0; 32];
    let digits = text.as_bytes();
    if digits.len() != 64 || !digits.iter().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f')) {
        return None;
    }
    for (byte, pair) in hash.iter_mut().zip(digits.chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(hash)
}
