//! Counting distinct objects exactly, in bounded memory (CMP-4).
//!
//! Keys beyond a few thousand go to scratch, cut by their leading bits: equal keys meet in the same part, and each part
//! fits in memory when its turn comes. Keys are keyed hashes, so the parts are of one size.

use std::io::{self, SeekFrom, Write};
use std::sync::Arc;

use super::scratch::{Scratch, ScratchFile};

/// Keys held in memory before they are written out: 512 KiB. There is a counter for each kind in each scope.
const KEYS_IN_MEMORY: usize = 1 << 16;

/// Parts by leading bits.
const PARTS: usize = 64;

/// Counts distinct 64-bit keys.
pub struct KeyCounter {
    scratch: Arc<dyn Scratch>,
    keys: Vec<u64>,
    limit: usize,
    total: u64,
    spilled: Option<Spilled>,
}

/// What was written out.
struct Spilled {
    file: Box<dyn ScratchFile>,
    written: u64,
    /// For each part the stretches of the file that hold its keys: where, and how many keys.
    parts: Vec<Vec<(u64, u32)>>,
}

impl std::fmt::Debug for KeyCounter {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("KeyCounter").field("total", &self.total).finish_non_exhaustive()
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
        Self { scratch, keys: Vec::new(), limit, total: 0, spilled: None }
    }

    /// Takes a key.
    pub fn insert(&mut self, key: u64) -> io::Result<()> {
        self.total += 1;
        self.keys.push(key);
        if self.keys.len() >= self.limit { self.spill() } else { Ok(()) }
    }

    fn spill(&mut self) -> io::Result<()> {
        let spilled = match &mut self.spilled {
            Some(spilled) => spilled,
            None => {
                self.spilled.insert(Spilled { file: self.scratch.file()?, written: 0, parts: vec![Vec::new(); PARTS] })
            }
        };
        let mut counts = [0_u32; PARTS];
        for key in &self.keys {
            counts[part_of(*key)] += 1;
        }
        let mut next = [0_usize; PARTS];
        let mut at = 0;
        for (part, count) in counts.into_iter().enumerate() {
            next[part] = at;
            if count > 0 {
                spilled.parts[part].push((spilled.written + at as u64 * 8, count));
            }
            at += count as usize;
        }
        let mut bytes = vec![0; self.keys.len() * 8];
        for key in self.keys.drain(..) {
            let place = &mut next[part_of(key)];
            bytes[*place * 8..*place * 8 + 8].copy_from_slice(&key.to_le_bytes());
            *place += 1;
        }
        spilled.file.write_all(&bytes)?;
        spilled.written += bytes.len() as u64;
        Ok(())
    }

    /// The count. Consumes what was collected.
    pub fn finish(mut self) -> io::Result<Count> {
        let Some(mut spilled) = self.spilled.take() else {
            self.keys.sort_unstable();
            self.keys.dedup();
            let distinct = self.keys.len() as u64;
            return Ok(Count { distinct, duplicates: self.total - distinct });
        };
        spilled.file.flush()?;
        self.keys.sort_unstable_by_key(|key| part_of(*key));
        let mut rest = self.keys.as_slice();
        let mut distinct = 0;
        let mut keys = Vec::new();
        let mut set = Set::default();
        for (part, stretches) in spilled.parts.iter().enumerate() {
            let (here, behind) = rest.split_at(rest.partition_point(|key| part_of(*key) <= part));
            rest = behind;
            keys.clear();
            keys.extend_from_slice(here);
            read_part(spilled.file.as_mut(), stretches, &mut keys)?;
            distinct += set.distinct(&keys);
        }
        Ok(Count { distinct, duplicates: self.total - distinct })
    }
}

/// The part a key belongs to: its six leading bits.
fn part_of(key: u64) -> usize {
    const { assert!(PARTS == 64) };
    usize::from(key.to_be_bytes()[0] >> 2)
}

fn read_part(file: &mut dyn ScratchFile, stretches: &[(u64, u32)], keys: &mut Vec<u64>) -> io::Result<()> {
    let mut bytes = Vec::new();
    for (at, count) in stretches {
        bytes.resize(*count as usize * 8, 0);
        file.seek(SeekFrom::Start(*at))?;
        file.read_exact(&mut bytes)?;
        keys.extend(bytes.chunks_exact(8).map(|piece| {
            let mut key = [0_u8; 8];
            key.copy_from_slice(piece);
            u64::from_le_bytes(key)
        }));
    }
    Ok(())
}

/// A set of keys by open addressing, used again for each part.
#[derive(Default)]
struct Set {
    slots: Vec<u64>,
}

impl Set {
    fn distinct(&mut self, keys: &[u64]) -> u64 {
        let size = (keys.len() * 2).next_power_of_two();
        self.slots.clear();
        self.slots.resize(size, 0);
        let mask = size - 1;
        let mut distinct = 0;
        let mut zero = false;
        for key in keys {
            // Zero marks a free slot.
            if *key == 0 {
                distinct += u64::from(!zero);
                zero = true;
                continue;
            }
            let mut at = usize::try_from(*key & 0xffff_ffff).unwrap_or(0) & mask;
            while self.slots[at] != 0 && self.slots[at] != *key {
                at = (at + 1) & mask;
            }
            distinct += u64::from(self.slots[at] == 0);
            self.slots[at] = *key;
        }
        distinct
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;
    use crate::inventory::scratch::MemoryScratch;

    proptest! {
        #[test]
        fn spilling_counts_like_a_set(
            keys in proptest::collection::vec((0_u64..20, 0_u64..64).prop_map(|(low, part)| part << 58 | low), 0..600),
            limit in 1_usize..50,
        ) {
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
