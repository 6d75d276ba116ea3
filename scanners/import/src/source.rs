//! The bytes of a file: decompressed, limited, and hashed where somebody asks for it.

use std::io::{self, BufReader, Read};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use flate2::bufread::MultiGzDecoder;
use scan_contract::{Cause, Documents, Instant};
use sha2::{Digest as _, Sha256};
use zstd::stream::read::Decoder as ZstdDecoder;

use crate::settings::Limits;

/// Decompression below this size is never called a bomb.
const SMALL: u64 = 64 << 20;

/// Read at once from a compressed file.
const WINDOW: usize = 128 << 10;

/// An opened file.
pub(crate) struct Source {
    reader: Box<dyn Read + Send>,
    raw: Arc<Mutex<Raw>>,
    limits: Limits,
    /// Bytes given out so far.
    taken: u64,
    compressed: bool,
    /// When the file was last changed.
    pub(crate) modified: Option<Instant>,
    path: String,
}

/// What went through before decompression.
#[derive(Default)]
struct Raw {
    bytes: u64,
    hasher: Option<Sha256>,
}

/// Counts, and hashes if asked to, what is read from the file itself.
struct Tap {
    reader: Box<dyn Read + Send>,
    raw: Arc<Mutex<Raw>>,
}

impl Read for Tap {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(buffer)?;
        let mut raw = self.raw.lock().unwrap_or_else(PoisonError::into_inner);
        raw.bytes += count as u64;
        if let (Some(hasher), Some(read)) = (&mut raw.hasher, buffer.get(..count)) {
            hasher.update(read);
        }
        Ok(count)
    }
}

/// Whether the bytes are hashed on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hashing {
    /// No.
    Off,
    /// SHA-256 of the file as it lies there, compressed or not.
    Sha256,
}

impl Source {
    /// Opens a file. Nothing is read yet, except the first bytes of a compressed one.
    pub(crate) fn open(
        documents: &dyn Documents,
        path: &Path,
        limits: Limits,
        hashing: Hashing,
    ) -> Result<Self, Cause> {
        let document = documents.open(path)?;
        let hasher = (hashing == Hashing::Sha256).then(Sha256::new);
        let raw = Arc::new(Mutex::new(Raw { bytes: 0, hasher }));
        let tap = Tap { reader: document.reader, raw: Arc::clone(&raw) };
        let name = path.display().to_string();
        let extension = path.extension().map(std::ffi::OsStr::to_ascii_lowercase);
        let (reader, compressed): (Box<dyn Read + Send>, bool) =
            match extension.as_deref().and_then(std::ffi::OsStr::to_str) {
                Some("gz") => (Box::new(MultiGzDecoder::new(BufReader::with_capacity(WINDOW, tap))), true),
                Some("zst") => {
                    let decoder = ZstdDecoder::new(tap).map_err(|error| broken(&name, 0, &error))?;
                    (Box::new(decoder), true)
                }
                _ => (Box::new(tap), false),
            };
        Ok(Self { reader, raw, limits, taken: 0, compressed, modified: document.modified, path: name })
    }

    /// The path as configured.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// Fills `buffer` as far as the file goes; fewer bytes than it holds mean the end.
    pub(crate) fn fill(&mut self, buffer: &mut [u8]) -> Result<usize, (usize, Cause)> {
        let mut filled = 0;
        while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.reader.read(rest) {
                Ok(0) => break,
                Ok(count) => {
                    filled += count;
                    self.taken += count as u64;
                    self.check().map_err(|cause| (filled, cause))?;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err((filled, broken(&self.path, self.taken, &error))),
            }
        }
        Ok(filled)
    }

    /// The limits, also against a small file that becomes a huge one.
    fn check(&self) -> Result<(), Cause> {
        if self.taken > self.limits.file_bytes {
            let limit = format!("{}: more than {} bytes", self.path, self.limits.file_bytes);
            return Err(Cause::LimitHit { limit });
        }
        if self.compressed && self.taken > SMALL {
            let read = self.raw.lock().unwrap_or_else(PoisonError::into_inner).bytes;
            if self.taken / read.max(1) > self.limits.compression_ratio {
                let ratio = self.limits.compression_ratio;
                let limit = format!("{}: decompression makes it more than {ratio} times larger", self.path);
                return Err(Cause::LimitHit { limit });
            }
        }
        Ok(())
    }

    /// SHA-256 of the file in lower-case hex. Meaningful once its end was reached.
    pub(crate) fn digest(&mut self) -> Option<String> {
        let mut raw = self.raw.lock().unwrap_or_else(PoisonError::into_inner);
        raw.hasher.take().map(|hasher| hex(&hasher.finalize()))
    }
}

/// Lower-case hex.
fn hex(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    bytes.iter().flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]).collect()
}

/// A read that failed after the file was open: what came before it is kept.
fn broken(path: &str, taken: u64, error: &io::Error) -> Cause {
    Cause::CutOff { what: format!("{path}: reading stopped after {taken} bytes: {error}") }
}
