//! Records put aside for a closer look, in order, in bounded memory.

use std::io::{self, BufRead, BufReader, BufWriter, Seek, SeekFrom, Write};
use std::marker::PhantomData;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::scratch::{Scratch, ScratchFile};

/// Records held in memory before the rest goes to scratch.
const IN_MEMORY: usize = 20_000;

/// A list that spills. Order of insertion is kept: what is in memory first, then what is in scratch.
pub struct Pile<T> {
    scratch: Arc<dyn Scratch>,
    limit: usize,
    first: Vec<T>,
    rest: Option<BufWriter<Box<dyn ScratchFile>>>,
    spilled: u64,
    of: PhantomData<T>,
}

impl<T> std::fmt::Debug for Pile<T> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Pile")
            .field("in_memory", &self.first.len())
            .field("spilled", &self.spilled)
            .finish_non_exhaustive()
    }
}

impl<T: Serialize + DeserializeOwned> Pile<T> {
    /// An empty pile.
    pub fn new(scratch: Arc<dyn Scratch>) -> Self {
        Self::with_limit(scratch, IN_MEMORY)
    }

    fn with_limit(scratch: Arc<dyn Scratch>, limit: usize) -> Self {
        Self { scratch, limit, first: Vec::new(), rest: None, spilled: 0, of: PhantomData }
    }

    /// Puts a record aside.
    pub fn push(&mut self, record: T) -> io::Result<()> {
        if self.first.len() < self.limit {
            self.first.push(record);
            return Ok(());
        }
        let rest = match &mut self.rest {
            Some(rest) => rest,
            None => self.rest.insert(BufWriter::with_capacity(256 * 1024, self.scratch.file()?)),
        };
        serde_json::to_writer(&mut *rest, &record)?;
        rest.write_all(b"\n")?;
        self.spilled += 1;
        Ok(())
    }

    /// How many records there are.
    pub fn len(&self) -> u64 {
        self.first.len() as u64 + self.spilled
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Shows every record in order; can be repeated.
    pub fn for_each(&mut self, mut visit: impl FnMut(&T) -> io::Result<()>) -> io::Result<()> {
        for record in &self.first {
            visit(record)?;
        }
        let Some(rest) = &mut self.rest else { return Ok(()) };
        rest.flush()?;
        let file = rest.get_mut();
        file.seek(SeekFrom::Start(0))?;
        let mut reader = BufReader::with_capacity(256 * 1024, &mut *file);
        let mut line = Vec::new();
        let mut read = 0_u64;
        while reader.read_until(b'\n', &mut line)? > 0 {
            visit(&serde_json::from_slice(&line)?)?;
            line.clear();
            read += 1;
        }
        if read != self.spilled {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "scratch file holds fewer records than were written",
            ));
        }
        file.seek(SeekFrom::End(0))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::scratch::MemoryScratch;

    #[test]
    fn order_is_kept_across_the_spill_and_reading_can_be_repeated() {
        let mut pile = Pile::with_limit(Arc::new(MemoryScratch), 3);
        for number in 0..10 {
            pile.push(number).expect("memory");
        }
        for _ in 0..2 {
            let mut seen = Vec::new();
            pile.for_each(|number| {
                seen.push(*number);
                Ok(())
            })
            .expect("memory");
            assert_eq!(seen, (0..10).collect::<Vec<_>>());
        }
        pile.push(10).expect("memory");
        assert_eq!(pile.len(), 11);
    }
}
