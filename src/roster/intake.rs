//! Takes a file in once: while it is read it is counted, digested and packed for the archive, so that what was judged
//! and what is remembered are the same bytes.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

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

/// A file being read.
pub(super) struct Intake {
    path: PathBuf,
    reader: Box<dyn Read + Send>,
    announced: u64,
    modified: Option<Instant>,
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
        Ok(Self {
            path: path.to_path_buf(),
            reader: document.reader,
            announced: document.length,
            modified: document.modified,
            bytes: 0,
            hasher: Sha256::new(),
            packer,
        })
    }

    /// Reads what is left, so that the digest is that of the whole file whatever the parser thought of it.
    pub(super) fn finish(mut self) -> Result<TakenFile, Cause> {
        let path = self.path.clone();
        let failed = |error: &io::Error| io_cause("read", &path, error);
        io::copy(&mut self, &mut io::sink()).map_err(|error| failed(&error))?;
        if self.bytes != self.announced {
            return Err(Cause::CutOff {
                what: format!("{}: {} bytes announced, {} read", path.display(), self.announced, self.bytes),
            });
        }
        let packed = match self.packer.take() {
            None => Vec::new(),
            Some(packer) => packer.finish().map_err(|error| failed(&error))?,
        };
        Ok(TakenFile {
            path,
            bytes: self.bytes,
            sha256: hex(self.hasher.finalize().as_slice()),
            modified: self.modified,
            packed,
        })
    }
}

impl Read for Intake {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        let fresh = &buffer[..read];
        self.bytes += read as u64;
        if self.bytes > LARGEST {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the file grew beyond the limit while it was read"));
        }
        self.hasher.update(fresh);
        if let Some(packer) = &mut self.packer {
            packer.write_all(fresh)?;
        }
        Ok(read)
    }
}
