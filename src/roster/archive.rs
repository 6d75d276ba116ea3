//! The accepted roster as it was read, packed, so that a later run can read it again when the newest one is held.
//!
//! An archive holds the files without what is not read of them, the settings they were read with, a line a person for comparing, and the people who
//! stand in the files no longer. Layout: a line of text with the format's version, the header as JSON on a line, then
//! the packed files one after the other.

use std::collections::BTreeMap;
use std::io::{Cursor, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use scan_contract::{Cause, Document, Documents, Entry, Instant, Origin};
use serde::{Deserialize, Serialize};

use super::intake::TakenFile;
use super::settings::{
    Authority, Encoding, EndDateMeaning, RosterSettings, SourceCoverage, SourceFormat, SourceSettings,
};
use crate::config::ProvenFile;

const MAGIC: &str = "holdover roster archive 1";

/// Name of the file with one line a person.
pub(super) const REMEMBERED: &str = "\u{0}remembered";
/// Name of the file with people who stand in no other.
pub(super) const TOMBSTONES: &str = "\u{0}tombstones";

/// Why an archive could not be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum ArchiveError {
    #[error("the archive of the accepted roster has another format: {0}")]
    Format(String),
    #[error("the archive of the accepted roster is damaged: {0}")]
    Damaged(String),
}

pub(super) fn damaged(error: impl std::fmt::Display) -> ArchiveError {
    ArchiveError::Damaged(error.to_string())
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Header {
    files: Vec<FileEntry>,
    sources: Vec<SourceEntry>,
    aliases: Option<String>,
    links: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct FileEntry {
    name: String,
    bytes: u64,
    packed: u64,
    modified: Option<Instant>,
}

/// How a source was read; only what reading needs.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct SourceEntry {
    id: String,
    ndjson: bool,
    path: String,
    manifest: Option<String>,
    coverage: String,
    encoding: String,
    delimiter: u8,
    default_time_zone: Option<String>,
    first_day_excluded: bool,
    rank: u32,
    columns: BTreeMap<String, String>,
    values: BTreeMap<String, BTreeMap<String, Vec<String>>>,
    date_format: Option<String>,
    none_values: Vec<String>,
    /// Left out by archives of before there were directories.
    #[serde(default)]
    directory: bool,
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

impl SourceEntry {
    fn of(source: &SourceSettings) -> Self {
        Self {
            id: source.id.clone(),
            ndjson: source.format == SourceFormat::Ndjson,
            path: text(&source.path),
            manifest: source.manifest.as_deref().map(text),
            coverage: super::sources::coverage_word(source.coverage).to_owned(),
            encoding: match source.encoding {
                Encoding::Utf8 => "utf-8",
                Encoding::Utf16 => "utf-16",
                Encoding::Windows1252 => "windows-1252",
            }
            .to_owned(),
            delimiter: source.delimiter,
            default_time_zone: source.default_time_zone.clone(),
            first_day_excluded: source.end_date_meaning == EndDateMeaning::FirstDayExcluded,
            rank: source.rank,
            columns: source.columns.clone(),
            values: source.values.clone(),
            date_format: source.date_format.clone(),
            none_values: source.none_values.clone(),
            directory: source.authority == Authority::Directory,
        }
    }

    fn into_settings(self) -> Result<SourceSettings, ArchiveError> {
        Ok(SourceSettings {
            id: self.id,
            format: if self.ndjson { SourceFormat::Ndjson } else { SourceFormat::Csv },
            path: PathBuf::from(self.path),
            manifest: self.manifest.map(PathBuf::from),
            coverage: match self.coverage.as_str() {
                "full" => SourceCoverage::Full,
                "leavers" => SourceCoverage::Leavers,
                "active" => SourceCoverage::Active,
                other => return Err(damaged(format!("unknown coverage {other:?}"))),
            },
            encoding: match self.encoding.as_str() {
                "utf-8" => Encoding::Utf8,
                "utf-16" => Encoding::Utf16,
                "windows-1252" => Encoding::Windows1252,
                other => return Err(damaged(format!("unknown encoding {other:?}"))),
            },
            delimiter: self.delimiter,
            default_time_zone: self.default_time_zone,
            end_date_meaning: if self.first_day_excluded {
                EndDateMeaning::FirstDayExcluded
            } else {
                EndDateMeaning::LastDayIncluded
            },
            max_age: Duration::MAX,
            rank: self.rank,
            columns: self.columns,
            values: self.values,
            date_format: self.date_format,
            none_values: self.none_values,
            sentinels_active: Vec::new(),
            sentinels_ended: Vec::new(),
            authority: if self.directory { Authority::Directory } else { Authority::Employment },
            // What it gave is a file of the archive.
            service: None,
        })
    }
}

/// Packs lines of our own into a file of the archive.
pub(super) struct PackedLines {
    encoder: zstd::stream::write::Encoder<'static, Vec<u8>>,
    bytes: u64,
}

impl PackedLines {
    pub(super) fn new() -> Result<Self, ArchiveError> {
        Ok(Self { encoder: zstd::stream::write::Encoder::new(Vec::new(), 1).map_err(damaged)?, bytes: 0 })
    }

    pub(super) fn push(&mut self, line: &impl Serialize) -> Result<(), ArchiveError> {
        let mut text = serde_json::to_vec(line).map_err(damaged)?;
        text.push(b'\n');
        self.bytes += text.len() as u64;
        self.encoder.write_all(&text).map_err(damaged)
    }

    pub(super) fn finish(self, name: &str) -> Result<TakenFile, ArchiveError> {
        let packed = self.encoder.finish().map_err(damaged)?;
        Ok(TakenFile { path: PathBuf::from(name), bytes: self.bytes, sha256: String::new(), modified: None, packed })
    }
}

impl Write for PackedLines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.encoder.write(bytes)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.encoder.flush()
    }
}

/// Writes an archive.
pub(super) fn write<'a>(
    settings: &RosterSettings,
    files: impl Iterator<Item = &'a TakenFile>,
) -> Result<Vec<u8>, ArchiveError> {
    let files: Vec<&TakenFile> = files.collect();
    let header = Header {
        files: files
            .iter()
            .map(|file| FileEntry {
                name: text(&file.path),
                bytes: file.bytes,
                packed: file.packed.len() as u64,
                modified: file.modified,
            })
            .collect(),
        sources: settings.sources.iter().map(SourceEntry::of).collect(),
        aliases: settings.aliases.as_ref().map(|file| text(&file.path)),
        links: settings.links.as_ref().map(|file| text(&file.path)),
    };
    let header = serde_json::to_string(&header).map_err(damaged)?;
    let size = MAGIC.len() + header.len() + 2 + files.iter().map(|file| file.packed.len()).sum::<usize>();
    let mut archive = Vec::with_capacity(size);
    archive.extend_from_slice(MAGIC.as_bytes());
    archive.push(b'\n');
    archive.extend_from_slice(header.as_bytes());
    archive.push(b'\n');
    for file in files {
        archive.extend_from_slice(&file.packed);
    }
    Ok(archive)
}

/// An opened archive. It is a [`Documents`] of its own: the roster is read from it as from a disk.
#[derive(Debug, Clone)]
pub(super) struct Archive {
    files: BTreeMap<String, (FileEntry, Arc<[u8]>)>,
    settings: RosterSettings,
}

impl Archive {
    pub(super) fn open(bytes: &[u8]) -> Result<Self, ArchiveError> {
        let mut parts = bytes.splitn(3, |byte| *byte == b'\n');
        let magic = parts.next().unwrap_or_default();
        if magic != MAGIC.as_bytes() {
            let found = String::from_utf8_lossy(&magic[..magic.len().min(40)]).into_owned();
            return Err(ArchiveError::Format(crate::hostile::short(&found, 40)));
        }
        let header = parts.next().ok_or_else(|| damaged("no header"))?;
        let mut body = parts.next().ok_or_else(|| damaged("no files"))?;
        let header: Header = serde_json::from_slice(header).map_err(damaged)?;
        let mut files = BTreeMap::new();
        for entry in header.files {
            let length = usize::try_from(entry.packed).map_err(damaged)?;
            let (packed, rest) =
                body.split_at_checked(length).ok_or_else(|| damaged(format!("{} is cut off", entry.name)))?;
            body = rest;
            files.insert(entry.name.clone(), (entry, Arc::from(packed)));
        }
        if !body.is_empty() {
            return Err(damaged("more bytes than the header names"));
        }
        let plain = |path: String| ProvenFile { path: PathBuf::from(path), sha256: None };
        let settings = RosterSettings {
            sources: header.sources.into_iter().map(SourceEntry::into_settings).collect::<Result<_, _>>()?,
            aliases: header.aliases.map(plain),
            links: header.links.map(plain),
            expected: Vec::new(),
            batches: Vec::new(),
        };
        Ok(Self { files, settings })
    }

    /// How its files were read.
    pub(super) fn settings(&self) -> &RosterSettings {
        &self.settings
    }

    /// Lines of one of our own files, one by one.
    pub(super) fn lines<T: for<'de> Deserialize<'de>>(
        &self,
        name: &str,
        each: &mut dyn FnMut(T),
    ) -> Result<(), ArchiveError> {
        let (entry, packed) = self.files.get(name).ok_or_else(|| damaged(format!("{name:?} is missing")))?;
        let decoder = zstd::stream::read::Decoder::new(&packed[..]).map_err(damaged)?;
        let mut reader = std::io::BufReader::with_capacity(128 * 1024, decoder);
        let mut line = Vec::new();
        let mut bytes = 0;
        loop {
            line.clear();
            let read = std::io::BufRead::read_until(&mut reader, b'\n', &mut line).map_err(damaged)?;
            if read == 0 {
                break;
            }
            bytes += read as u64;
            each(serde_json::from_slice(&line).map_err(damaged)?);
        }
        if bytes == entry.bytes { Ok(()) } else { Err(damaged(format!("{name:?} ends early"))) }
    }
}

struct Shared(Arc<[u8]>);

impl AsRef<[u8]> for Shared {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Documents for Archive {
    fn open(&self, path: &Path) -> Result<Document, Cause> {
        let (entry, packed) = self
            .files
            .get(&text(path))
            .ok_or_else(|| Cause::Malformed { what: format!("{} is not in the archive", path.display()) })?;
        let decoder = zstd::stream::read::Decoder::new(Cursor::new(Shared(Arc::clone(packed))))
            .map_err(|error| scan_contract::documents::io_cause("unpack", path, &error))?;
        let reader: Box<dyn Read + Send> = Box::new(decoder);
        Ok(Document { reader, length: entry.bytes, modified: entry.modified, origin: Origin(text(path)) })
    }

    fn list(&self, directory: &Path) -> Result<Vec<Entry>, Cause> {
        Err(Cause::NotSupported { what: format!("listing {} in an archive", directory.display()) })
    }

    fn exists(&self, path: &Path) -> Result<bool, Cause> {
        Ok(self.files.contains_key(&text(path)))
    }
}
