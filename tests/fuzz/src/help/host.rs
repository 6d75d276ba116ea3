//! One host in memory as the collector leaves it, and what the SSH scanner makes of it.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use holdover_kit::memory::MemoryDocuments;
use scan_contract::{Access, EndProof, Gap, Item, Scanner as _, channel};
use scan_ssh::{Settings, SshTree};
use sha2::{Digest, Sha256};

use super::now;
use super::swapped::{Swapped, wait};

const PASSWD: &str = "root:x:0:0:root:/root:/bin/bash\nana:x:1001:1001:Ana Silva,,,:/home/ana:/bin/bash\n";
const GROUP: &str = "root:x:0:\nops:x:50:ana\nana:x:1001:\n";

/// Ana's key: Ed25519, thirty-two times the byte 7.
pub(crate) const KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcH ana@laptop";

/// Everything the scanner said.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Read {
    pub(crate) found: Vec<Access>,
    pub(crate) gaps: Vec<Gap>,
    pub(crate) notices: Vec<String>,
    pub(crate) seals: BTreeMap<String, EndProof>,
}

/// A whole host on which Ana's key lies in its usual place, with `changed` put over it.
pub(crate) fn read(changed: &[(&str, &[u8])]) -> Read {
    let mut files: BTreeMap<&str, Vec<u8>> = BTreeMap::new();
    for (path, text) in [
        ("etc/passwd", PASSWD),
        ("etc/group", GROUP),
        ("etc/hostname", "web-1\n"),
        ("etc/nsswitch.conf", "passwd: files\ngroup: files\n"),
        ("etc/ssh/sshd_config", "UsePAM yes\n"),
        ("etc/sudoers", "root ALL=(ALL:ALL) ALL\n"),
        ("who.txt", "# holdover-who 1\n# taken-at: 2026-08-01T00:28:00Z\n# time-zone: UTC\n# end 0\n"),
        ("home/ana/.ssh/authorized_keys", KEY),
    ] {
        files.insert(path, text.as_bytes().to_vec());
    }
    for (path, bytes) in changed {
        files.insert(path, bytes.to_vec());
    }
    let absent = ["root/.ssh/authorized_keys", "root/.ssh/authorized_keys2", "home/ana/.ssh/authorized_keys2"];
    let mut lines: Vec<String> =
        absent.iter().filter(|path| !files.contains_key(**path)).map(|path| format!("absent /{path}")).collect();
    let mut tree = MemoryDocuments::new();
    for (path, bytes) in &files {
        lines.push(format!("present {} {} /{path}", bytes.len(), hex(&Sha256::digest(bytes))));
        tree.put(format!("web-1/{path}"), bytes.clone());
    }
    let listing = format!("# holdover-files 1\n# host: web-1\n{}\n# end {}\n", lines.join("\n"), lines.len());
    tree.put("web-1/files.txt", listing);
    scan(tree)
}

fn scan(tree: MemoryDocuments) -> Read {
    static SCANNER: OnceLock<(SshTree, Arc<Swapped>)> = OnceLock::new();
    let (scanner, documents) = SCANNER.get_or_init(|| {
        let settings = Settings::new("fleet".into(), "hosts", now());
        let tree = Arc::new(Swapped::default());
        let scanner = SshTree::new(settings, Arc::new(MemoryDocuments::new()), Arc::<Swapped>::clone(&tree));
        (scanner.expect("a manifest"), tree)
    });
    documents.swap(tree);
    wait(async {
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

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).filter_map(|half| char::from_digit(half.into(), 16)).collect()
}
