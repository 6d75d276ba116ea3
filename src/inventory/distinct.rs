//! Counting distinct objects exactly, in bounded memory (CMP-4).

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io::{self, BufReader, Read, SeekFrom, Write};
use std::sync::Arc;

use super::scratch::{Scratch, ScratchFile};

/// Keys held in memory before they are written out as one sorted run: 8 MiB.
const KEYS_IN_MEMORY: usize = 1 << 20;

/// Counts distinct 64-bit keys. Keys beyond the limit go to scratch as sorted runs and are merged at the end.
pub struct KeyCounter {
    scratch: Arc<dyn Scratch>,
    keys: Vec<u64>,
    limit: usize,
    total: u64,
    file: Option<Box<dyn ScratchFile>>,
    runs: Vec<u64>,
}

impl std::fmt::Debug for KeyCounter {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("KeyCounter")
            .field("total", &self.total)
            .field("runs", &self.runs.len())
            .finish_non_exhaustive()
    }
}

/// What was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// Distinct keys.
    pub distinct: u64,
    /// Keys that came more than once, each repetition counted.
    pub duplicates: u64,
}

impl KeyCounter {
    /// A counter that spills to `scratch`.
    pub fn new(scratch: Arc<dyn Scratch>) -> Self {
        Self::with_limit(scratch, KEYS_IN_MEMORY)
    }

    fn with_limit(scratch: Arc<dyn Scratch>, limit: usize) -> Self {
        Self { scratch, keys: Vec::new(), limit, total: 0, file: None, runs: Vec::new() }
    }

    /// Takes a key.
    pub fn insert(&mut self, key: u64) -> io::Result<()> {
        self.total += 1;
        self.keys.push(key);
        if self.keys.len() >= self.limit { self.spill() } else { Ok(()) }
    }

    fn spill(&mut self) -> io::Result<()> {
        self.keys.sort_unstable();
        self.keys.dedup();
        let file = match &mut self.file {
            Some(file) => file,
            None => self.file.insert(self.scratch.file()?),
        };
        let mut bytes = Vec::with_capacity(64 * 1024);
        for chunk in self.keys.chunks(8 * 1024) {
            bytes.clear();
            bytes.extend(chunk.iter().flat_map(|key| key.to_le_bytes()));
            file.write_all(&bytes)?;
        }
        self.runs.push(self.keys.len() as u64);
        self.keys.clear();
        Ok(())
    }

    /// The count. Consumes what was collected.
    pub fn finish(mut self) -> io::Result<Count> {
        self.keys.sort_unstable();
        self.keys.dedup();
        let Some(mut file) = self.file.take() else {
            let distinct = self.keys.len() as u64;
            return Ok(Count { distinct, duplicates: self.total - distinct });
        };
        file.flush()?;
        let distinct = merge_runs(file.as_mut(), &self.runs, &self.keys)?;
        Ok(Count { distinct, duplicates: self.total - distinct })
    }
}

/// One sorted run, read in pieces.
struct Run {
    position: u64,
    left: u64,
    buffer: Vec<u64>,
    next: usize,
}

impl Run {
    fn advance(&mut self, file: &mut dyn ScratchFile) -> io::Result<Option<u64>> {
        /// Keys read at a time: 64 KiB a run.
        const PIECE: u64 = 8 * 1024;
        if self.next == self.buffer.len() {
            if self.left == 0 {
                return Ok(None);
            }
            let count = self.left.min(PIECE);
            file.seek(SeekFrom::Start(self.position))?;
            let mut bytes = Vec::new();
            BufReader::new(file.take(count * 8)).read_to_end(&mut bytes)?;
            if bytes.len() as u64 != count * 8 {
                return Err(io::Error::new(
                    io::ErrorKind::UnexpectedEof,
                    "scratch file is shorter than what was written",
                ));
            }
            self.buffer.clear();
            self.buffer.extend(bytes.chunks_exact(8).map(|piece| {
                let mut key = [0_u8; 8];
                key.copy_from_slice(piece);
                u64::from_le_bytes(key)
            }));
            self.position += count * 8;
            self.left -= count;
            self.next = 0;
        }
        let key = self.buffer[self.next];
        self.next += 1;
        Ok(Some(key))
    }
}

fn merge_runs(file: &mut dyn ScratchFile, lengths: &[u64], last: &[u64]) -> io::Result<u64> {
    let mut runs = Vec::new();
    let mut position = 0;
    for length in lengths {
        runs.push(Run { position, left: *length, buffer: Vec::new(), next: 0 });
        position += length * 8;
    }
    runs.push(Run { position, left: 0, buffer: last.to_vec(), next: 0 });
    let mut heap = BinaryHeap::new();
    for (number, run) in runs.iter_mut().enumerate() {
        if let Some(key) = run.advance(file)? {
            heap.push(Reverse((key, number)));
        }
    }
    let mut distinct = 0;
    let mut previous = None;
    while let Some(Reverse((key, number))) = heap.pop() {
        if previous != Some(key) {
            distinct += 1;
            previous = Some(key);
        }
        if let Some(next) = runs[number].advance(file)? {
            heap.push(Reverse((next, number)));
        }
    }
    Ok(distinct)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;
    use crate::inventory::scratch::MemoryScratch;

    proptest! {
        #[test]
        fn spilling_counts_like_a_set(keys in proptest::collection::vec(0_u64..200, 0..600), limit in 1_usize..50) {
            let mut counter = KeyCounter::with_limit(Arc::new(MemoryScratch), limit);
            for key in &keys {
                counter.insert(*key).expect("memory");
            }
            let distinct = keys.iter().collect::<HashSet<_>>().len() as u64;
            let count = counter.finish().expect("memory");
            prop_assert_eq!(count, Count { distinct, duplicates: keys.len() as u64 - distinct });
        }
    }
}
