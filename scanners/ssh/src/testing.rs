//! A tree of hosts in memory, and what the scanner makes of it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use scan_contract::{
    Access, AccessKind, Cause, Document, Documents, EndProof, Entry, EntryKind, Gap, Instant, Item, Origin, ProofKind,
    Scanner, channel,
};
use sha2::{Digest, Sha256};

use crate::SshTree;
use crate::settings::{ExpectedHosts, Settings};
use crate::tree::hex;

/// An Ed25519 key of a test: 32 bytes of `seed`.
pub(crate) fn key(seed: u8) -> String {
    let mut blob = Vec::new();
    for field in [&b"ssh-ed25519"[..], &[seed; 32]] {
        blob.extend_from_slice(&u32::try_from(field.len()).expect("short").to_be_bytes());
        blob.extend_from_slice(field);
    }
    format!("ssh-ed25519 {}", base64(&blob))
}

/// Base64 with padding.
pub(crate) fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().fold(0_u32, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for index in 0..4 {
            let digit = usize::try_from(word >> (18 - 6 * index) & 63).expect("six bits");
            text.push(if index <= chunk.len() { char::from(DIGITS[digit]) } else { '=' });
        }
    }
    text
}

/// Files by path; folders are implied.
#[derive(Debug, Clone, Default)]
pub(crate) struct Memory {
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    pub(crate) denied: BTreeSet<String>,
    pub(crate) links: BTreeSet<String>,
}

impl Memory {
    fn folder_exists(&self, path: &str) -> bool {
        path.is_empty() || self.files.keys().any(|file| file.starts_with(&format!("{path}/")))
    }
}

fn text(path: &Path) -> String {
    path.to_str().expect("tests use UTF-8").trim_matches('/').to_owned()
}

impl Documents for Memory {
    fn open(&self, path: &Path) -> Result<Document, Cause> {
        let name = text(path);
        if self.denied.contains(&name) {
            return Err(Cause::Denied { permission: format!("read access to {name}") });
        }
        match self.files.get(&name) {
            Some(bytes) if !self.links.contains(&name) => Ok(Document {
                reader: Box::new(std::io::Cursor::new(bytes.clone())),
                length: bytes.len() as u64,
                modified: None,
                origin: Origin(name),
            }),
            _ => Err(Cause::Unreachable { step: format!("open {name}"), detail: String::from("not there") }),
        }
    }

    fn list(&self, directory: &Path) -> Result<Vec<Entry>, Cause> {
        let name = text(directory);
        if self.denied.contains(&name) {
            return Err(Cause::Denied { permission: format!("list access to {name}") });
        }
        let prefix = if name.is_empty() { String::new() } else { format!("{name}/") };
        let mut entries = BTreeSet::new();
        for path in self.files.keys().filter_map(|path| path.strip_prefix(&prefix)) {
            let kind = |full: &str| if self.links.contains(full) { EntryKind::Link } else { EntryKind::File };
            entries.insert(match path.split_once('/') {
                Some((folder, _)) => Entry { name: folder.to_owned(), kind: EntryKind::Directory },
                None => Entry { name: path.to_owned(), kind: kind(&format!("{prefix}{path}")) },
            });
        }
        Ok(entries.into_iter().collect())
    }

    fn exists(&self, path: &Path) -> Result<bool, Cause> {
        let name = text(path);
        Ok(self.files.contains_key(&name) || self.folder_exists(&name))
    }
}

/// One host under construction. Every path that sshd reads by default is listed.
#[derive(Debug, Clone)]
pub(crate) struct Host {
    pub(crate) name: String,
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    pub(crate) lines: BTreeSet<String>,
}

pub(crate) const PASSWD: &str = "root:x:0:0:root:/root:/bin/bash\nana:x:1001:1001:Ana Silva,,,:/home/ana:/bin/bash\n\
     ben:x:1002:1002:Ben Okafor:/home/ben:/bin/bash\ndaemon:x:1:1:daemon:/nonexistent:/usr/sbin/nologin\n";
pub(crate) const GROUP: &str = "root:x:0:\nsudo:x:27:ben\nops:x:50:ana\nana:x:1001:\nben:x:1002:\ndaemon:x:1:\n";

impl Host {
    /// A whole host on which nothing is open but the accounts themselves.
    pub(crate) fn new(name: &str) -> Self {
        let mut host = Self { name: name.to_owned(), files: BTreeMap::new(), lines: BTreeSet::new() };
        host.file("etc/passwd", PASSWD);
        host.file("etc/group", GROUP);
        host.file("etc/hostname", format!("{name}\n"));
        host.file("etc/nsswitch.conf", "passwd: files systemd\ngroup: files systemd\nhosts: files dns\n");
        host.file("etc/ssh/sshd_config", "UsePAM yes\n");
        host.file("etc/sudoers", "Defaults env_reset\nroot ALL=(ALL:ALL) ALL\n");
        host.file("who.txt", "# holdover-who 1\n# taken-at: 2026-08-01T00:28:00Z\n# time-zone: UTC\n# end 0\n");
        for home in ["root", "home/ana", "home/ben", "nonexistent"] {
            host.absent(&format!("{home}/.ssh/authorized_keys"));
            host.absent(&format!("{home}/.ssh/authorized_keys2"));
        }
        host
    }

    /// Puts a file there, and takes away what the listing said of it.
    pub(crate) fn file(&mut self, path: &str, bytes: impl AsRef<[u8]>) -> &mut Self {
        self.files.insert(path.to_owned(), bytes.as_ref().to_vec());
        self.lines.remove(&format!("absent /{path}"));
        self
    }

    pub(crate) fn absent(&mut self, path: &str) -> &mut Self {
        self.files.remove(path);
        self.lines.insert(format!("absent /{path}"));
        self
    }

    pub(crate) fn denied(&mut self, path: &str) -> &mut Self {
        self.files.remove(path);
        self.lines.remove(&format!("absent /{path}"));
        self.lines.insert(format!("denied /{path}"));
        self
    }

    /// What files.txt says.
    pub(crate) fn listing(&self) -> String {
        let mut lines: Vec<String> = self.lines.iter().cloned().collect();
        for (path, bytes) in &self.files {
            lines.push(format!("present {} {} /{path}", bytes.len(), hex(&Sha256::digest(bytes))));
        }
        format!("# holdover-files 1\n# host: {}\n{}\n# end {}\n", self.name, lines.join("\n"), lines.len())
    }

    /// The host as a folder in a tree.
    pub(crate) fn tree(&self) -> Memory {
        let mut memory = Memory::default();
        for (path, bytes) in &self.files {
            memory.files.insert(format!("{}/{path}", self.name), bytes.clone());
        }
        memory.files.insert(format!("{}/files.txt", self.name), self.listing().into_bytes());
        memory
    }

    pub(crate) fn read(&self) -> Read {
        read(&self.tree())
    }
}

pub(crate) fn as_of() -> Instant {
    "2026-08-01T00:30:00Z".parse().expect("an instant")
}

/// Everything a scanner said.
#[derive(Debug, Default)]
pub(crate) struct Read {
    pub(crate) found: Vec<Access>,
    pub(crate) gaps: Vec<Gap>,
    pub(crate) notices: Vec<String>,
    pub(crate) seals: BTreeMap<String, EndProof>,
}

impl Read {
    pub(crate) fn ids(&self, kind: AccessKind) -> Vec<&str> {
        self.found.iter().filter(|access| access.kind == kind).map(|access| access.grant_id.as_str()).collect()
    }

    pub(crate) fn get(&self, id: &str) -> &Access {
        let found = self.found.iter().find(|access| access.grant_id.as_str() == id);
        found.unwrap_or_else(|| {
            panic!("{id} must be there: {:?}", self.found.iter().map(|a| a.grant_id.as_str()).collect::<Vec<_>>())
        })
    }

    /// Gaps of one scope.
    pub(crate) fn gaps_of(&self, scope: &str) -> Vec<&Gap> {
        self.gaps.iter().filter(|gap| gap.scope.as_ref().is_none_or(|name| name.as_str() == scope)).collect()
    }

    /// Whether a scope was sealed with a listing and has no gap.
    pub(crate) fn is_whole(&self, scope: &str) -> bool {
        self.seals.get(scope).is_some_and(|proof| proof.kind == ProofKind::Listing) && self.gaps_of(scope).is_empty()
    }
}

pub(crate) fn settings() -> Settings {
    Settings::new("fleet".into(), "hosts", as_of())
}

/// Reads a tree without a list of expected hosts.
pub(crate) fn read(tree: &Memory) -> Read {
    read_with(settings(), &Memory::default(), tree)
}

/// Reads a tree with a list of expected hosts whose digest is right.
pub(crate) fn read_expecting(hosts: &str, tree: &Memory) -> Read {
    let mut settings = settings();
    settings.expected_hosts =
        Some(ExpectedHosts { path: "hosts.txt".into(), sha256: Some(hex(&Sha256::digest(hosts.as_bytes()))) });
    let mut documents = Memory::default();
    documents.files.insert(String::from("hosts.txt"), hosts.as_bytes().to_vec());
    read_with(settings, &documents, tree)
}

pub(crate) fn read_with(settings: Settings, documents: &Memory, tree: &Memory) -> Read {
    read_documents(settings, Arc::new(documents.clone()), Arc::new(tree.clone()))
}

pub(crate) fn read_documents(settings: Settings, documents: Arc<dyn Documents>, tree: Arc<dyn Documents>) -> Read {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(async {
        let scanner = SshTree::new(settings, documents, tree).expect("the manifest parses");
        let mut read = Read::default();
        for pass in scanner.declare().await.expect("scopes are declared") {
            let (outlet, mut items) = channel(4);
            let (sealed, ()) = tokio::join!(scanner.read(&pass, outlet), async {
                while let Some(item) = items.recv().await {
                    take(&mut read, item);
                }
            });
            sealed.expect("a walk over files comes to its end");
        }
        read
    })
}

fn take(read: &mut Read, item: Item) {
    match item {
        Item::Sheet { sheet, .. } => {
            read.found.extend((0..sheet.len()).map(|index| sheet.decode(index).expect("a record")));
        }
        Item::Gap(gap) => read.gaps.push(gap),
        Item::Notice(text) => read.notices.push(text),
        Item::Seal { scope, proof } => drop(read.seals.insert(scope.as_str().to_owned(), proof)),
        Item::Open { .. } | Item::Scopes(_) => {}
    }
}

/// A folder that goes away with the test.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        // Tests run side by side, and several ask for the same name.
        static COUNT: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("holdover-ssh-{name}-{}-{count}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a folder for the test");
        Self(path)
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.join(name);
        if let Some(above) = path.parent() {
            std::fs::create_dir_all(above).expect("a folder");
        }
        std::fs::write(&path, bytes).expect("a file");
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            eprintln!("{} is left over: {error}", self.0.display());
        }
    }
}
