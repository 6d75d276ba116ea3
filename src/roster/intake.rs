//! Takes a file in once: while it is read it is counted, digested and packed for the archive, so that what was judged
//! and what is remembered are the same bytes.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use scan_contract::documents::io_cause;
use scan_contract::{Cause, Documents, Instant};
use sha2::{Digest, Sha256};

/// Largest roster file that is read. Half a million people with nine aliases each need about a tenth of it.
const LARGEST: u64 = 4 * 1024 * 1024 * 1024;
/// Fast packing: rosters repeat themselves, higher levels gain little.
const LEVEL: i32 = 1;

/// Lower-case hex.
pub(super) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}

/// SHA-256 as lower-case hex.
pub(super) fn sha256_hex(bytes: &[u8]) -> String {
    hex(Sha256::digest(bytes).as_slice())
}

/// A file that was read to its last byte.
#[derive(Debug, Clone)]
pub(super) struct TakenFile {
    pub(super) path: PathBuf,
    pub(super) bytes: u64,
    pub(super) sha256: String,
    pub(super) modified: Option<Instant>,
    /// The bytes as one zstd frame; empty where packing was not asked for.
    pub(super) packed: Vec<u8>,
}

/// Whether the bytes are kept for the archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    Keep,
    Forget,
}

/// Bytes that are handed on at a time, and how many such blocks may wait: 2 MiB.
const BLOCK: usize = 256 * 1024;
const WAITING: usize = 8;

/// A file being read. It is read, digested and packed on a thread of its own, while the rows are read here.
pub(super) struct Intake {
    path: PathBuf,
    announced: u64,
    modified: Option<Instant>,
    blocks: Receiver<io::Result<Vec<u8>>>,
    block: Vec<u8>,
    block_at: usize,
    taker: JoinHandle<io::Result<Taken>>,
}

/// What is known of the bytes once all of them were read.
struct Taken {
    bytes: u64,
    sha256: String,
    packed: Vec<u8>,
}

/// Takes the bytes in.
struct Taker {
    reader: Box<dyn Read + Send>,
    bytes: u64,
    hasher: Sha256,
    packer: Option<zstd::stream::write::Encoder<'static, Vec<u8>>>,
}

impl Intake {
    pub(super) fn open(documents: &dyn Documents, path: &Path, packing: Packing) -> Result<Self, Cause> {
        let document = documents.open(path)?;
        if document.length > LARGEST {
            return Err(Cause::LimitHit { limit: format!("{} is larger than {LARGEST} bytes", path.display()) });
        }
        let packer = match packing {
            Packing::Forget => None,
            Packing::Keep => Some(
                zstd::stream::write::Encoder::new(Vec::new(), LEVEL).map_err(|error| io_cause("pack", path, &error))?,
            ),
        };
        let taker = Taker { reader: document.reader, bytes: 0, hasher: Sha256::new(), packer };
        let (sender, blocks) = sync_channel(WAITING);
        let taker = std::thread::Builder::new()
            .name(String::from("roster-file"))
            .spawn(move || taker.run(&sender))
            .map_err(|error| io_cause("read", path, &error))?;
        Ok(Self {
            path: path.to_path_buf(),
            announced: document.length,
            modified: document.modified,
            blocks,
            block: Vec::new(),
            block_at: 0,
            taker,
        })
    }

    /// Reads what is left, so that the digest is that of the whole file whatever the parser thought of it.
    pub(super) fn finish(mut self) -> Result<TakenFile, Cause> {
        let path = self.path.clone();
        let failed = |error: &io::Error| io_cause("read", &path, error);
        io::copy(&mut self, &mut io::sink()).map_err(|error| failed(&error))?;
        let taken = match self.taker.join() {
            Ok(taken) => taken.map_err(|error| failed(&error))?,
            Err(_) => return Err(Cause::Bug { what: String::from("the thread that reads a roster file panicked") }),
        };
        if taken.bytes != self.announced {
            return Err(Cause::CutOff {
                what: format!("{}: {} bytes announced, {} read", path.display(), self.announced, taken.bytes),
            });
        }
        Ok(TakenFile { path, bytes: taken.bytes, sha256: taken.sha256, modified: self.modified, packed: taken.packed })
    }
}

impl Read for Intake {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.block_at == self.block.len() {
            // No sender any more is the end of the file; whether it ended well shows when the thread is joined.
            let Ok(block) = self.blocks.recv() else { return Ok(0) };
            (self.block, self.block_at) = (block?, 0);
        }
        let ready = &self.block[self.block_at..];
        let length = ready.len().min(buffer.len());
        buffer[..length].copy_from_slice(&ready[..length]);
        self.block_at += length;
        Ok(length)
    }
}

impl Taker {
    fn run(mut self, blocks: &SyncSender<io::Result<Vec<u8>>>) -> io::Result<Taken> {
        loop {
            let mut block = Vec::with_capacity(BLOCK);
            let read = self.reader.by_ref().take(BLOCK as u64).read_to_end(&mut block);
            let read = read.and_then(|_| self.take(&block));
            let at_end = block.is_empty();
            // Nobody listens any more when the file was given up.
            let heard = at_end || blocks.send(Ok(block)).is_ok();
            if let Err(error) = read {
                // Told twice: to the parser, which may swallow it, and to whoever joins.
                drop(blocks.send(Err(io::Error::new(error.kind(), error.to_string()))));
                return Err(error);
            }
            if at_end || !heard {
                break;
            }
        }
        let packed = match self.packer {
            None => Vec::new(),
            Some(packer) => packer.finish()?,
        };
        Ok(Taken { bytes: self.bytes, sha256: hex(self.hasher.finalize().as_slice()), packed })
    }

    /// Counts, digests and packs what was read.
    fn take(&mut self, block: &[u8]) -> io::Result<()> {
        self.bytes += block.len() as u64;
        if self.bytes > LARGEST {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the file grew beyond the limit while it was read"));
        }
        self.hasher.update(block);
        match &mut self.packer {
            Some(packer) => packer.write_all(block),
            None => Ok(()),
        }
    }
}
