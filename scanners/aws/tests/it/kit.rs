//! Documents in memory, and a reader that keeps everything the scanner hands over.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use scan_aws::{AccountId, Aws, Settings};
use scan_contract::{
    Access, AccessKind, AsOf, Cause, Document, Documents, EndProof, Entry, Gap, Identity, Item, Origin, Scanner,
    SystemId, channel,
};

/// The account of the fixtures written by hand.
pub(crate) const ACME: &str = "111122223333";
/// The account of the emulator.
pub(crate) const MOTO: &str = "123456789012";

/// The three documents; `None` is not configured.
#[derive(Debug, Clone)]
pub(crate) struct Papers {
    pub(crate) account: &'static str,
    pub(crate) details: Option<Vec<u8>>,
    pub(crate) report: Option<Vec<u8>>,
    pub(crate) keys: Option<Vec<u8>>,
    pub(crate) limit: Option<u64>,
}

/// The documents of the fixture `folder`, without key lists.
pub(crate) fn papers(folder: &str, account: &'static str) -> Papers {
    let read = |name: &str| Some(fixture(folder, name));
    Papers {
        account,
        details: read("authorization-details.json"),
        report: read("credential-report.csv"),
        keys: None,
        limit: None,
    }
}

pub(crate) fn fixture(folder: &str, name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(folder).join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Replaces `from` by `to` wherever it stands; a test that replaces nothing tests nothing.
pub(crate) fn swap(bytes: &mut Option<Vec<u8>>, from: &str, to: &str) {
    let text = String::from_utf8(bytes.clone().expect("a document")).expect("text");
    assert!(text.contains(from), "the fixture has no {from:?}");
    *bytes = Some(text.replace(from, to).into_bytes());
}

impl Documents for Papers {
    fn open(&self, path: &Path) -> Result<Document, Cause> {
        let bytes = match path.to_str() {
            Some("details.json") => self.details.clone(),
            Some("report.csv") => self.report.clone(),
            Some("keys.json") => self.keys.clone(),
            _ => None,
        };
        let bytes = bytes
            .ok_or_else(|| Cause::Unreachable { step: format!("open {}", path.display()), detail: "gone".into() })?;
        Ok(Document {
            length: bytes.len() as u64,
            reader: Box::new(std::io::Cursor::new(bytes)),
            modified: None,
            origin: Origin(path.display().to_string()),
        })
    }

    fn list(&self, _: &Path) -> Result<Vec<Entry>, Cause> {
        Ok(Vec::new())
    }

    fn exists(&self, _: &Path) -> Result<bool, Cause> {
        Ok(true)
    }
}

/// Everything the scanner handed over.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) declared: Vec<String>,
    pub(crate) records: Vec<Access>,
    pub(crate) gaps: Vec<Gap>,
    pub(crate) notices: Vec<String>,
    pub(crate) opened: BTreeMap<String, Option<AsOf>>,
    pub(crate) sealed: BTreeMap<String, EndProof>,
}

impl Papers {
    pub(crate) fn settings(&self) -> Settings {
        let account = AccountId::parse(self.account).expect("twelve digits");
        let as_of = "2026-08-01T00:50:00Z".parse().expect("an instant");
        let mut settings = Settings::new(SystemId::from("aws-test"), account, as_of);
        let path = |bytes: &Option<Vec<u8>>, name: &str| bytes.as_ref().map(|_| PathBuf::from(name));
        settings.documents.authorization_details = path(&self.details, "details.json");
        settings.documents.credential_report = path(&self.report, "report.csv");
        settings.documents.access_keys = path(&self.keys, "keys.json");
        if let Some(limit) = self.limit {
            settings.limits.document_bytes = limit;
        }
        settings
    }

    pub(crate) fn scanner(&self) -> Aws {
        self.scanner_with(self.settings())
    }

    pub(crate) fn scanner_with(&self, settings: Settings) -> Aws {
        Aws::new(settings, Arc::new(self.clone())).expect("a scanner")
    }

    pub(crate) fn identify(&self) -> Result<Identity, Cause> {
        block_on(self.scanner().identify())
    }

    pub(crate) fn read(&self) -> Seen {
        read(&self.scanner())
    }
}

pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(future)
}

pub(crate) fn read(scanner: &Aws) -> Seen {
    block_on(async {
        let mut seen = Seen::default();
        for pass in scanner.declare().await.expect("scopes") {
            seen.declared.extend(pass.scopes.iter().map(|scope| scope.name.to_string()));
            let (outlet, mut inlet) = channel(2);
            let drain = async {
                while let Some(item) = inlet.recv().await {
                    match item {
                        Item::Open { scope, as_of } => {
                            seen.opened.insert(scope.to_string(), as_of);
                        }
                        Item::Sheet { sheet, .. } => {
                            seen.records.extend((0..sheet.len()).map(|index| sheet.decode(index).expect("a record")));
                        }
                        Item::Gap(gap) => seen.gaps.push(gap),
                        Item::Notice(text) => seen.notices.push(text),
                        Item::Seal { scope, proof } => {
                            seen.sealed.insert(scope.to_string(), proof);
                        }
                        Item::Scopes(_) => panic!("this scanner finds no further scopes"),
                    }
                }
            };
            let (sealed, ()) = tokio::join!(scanner.read(&pass, outlet), drain);
            sealed.expect("the walk ends");
        }
        seen
    })
}

impl Seen {
    /// Gaps of the scope kind, such as `iam.users`.
    pub(crate) fn gaps_of(&self, kind: &str) -> Vec<&Gap> {
        self.gaps.iter().filter(|gap| gap.scope.as_ref().is_some_and(|scope| scope.as_str().ends_with(kind))).collect()
    }

    /// Sealed, and nothing missing.
    pub(crate) fn is_whole(&self, kind: &str) -> bool {
        self.gaps_of(kind).is_empty() && self.sealed.keys().any(|scope| scope.ends_with(kind))
    }

    pub(crate) fn has_gap(&self, kind: &str, is: impl Fn(&Cause) -> bool) -> bool {
        self.gaps_of(kind).into_iter().any(|gap| is(&gap.cause))
    }

    pub(crate) fn of_kind(&self, kind: AccessKind) -> Vec<&Access> {
        self.records.iter().filter(|access| access.kind == kind).collect()
    }

    pub(crate) fn in_scope(&self, kind: &str) -> Vec<&Access> {
        self.records.iter().filter(|access| access.scope.as_str().ends_with(kind)).collect()
    }

    pub(crate) fn find(&self, grant_id: &str) -> Option<&Access> {
        self.records.iter().find(|access| access.grant_id.as_str() == grant_id)
    }

    pub(crate) fn get(&self, grant_id: &str) -> &Access {
        self.find(grant_id).unwrap_or_else(|| {
            let ids: Vec<&str> = self.records.iter().map(|access| access.grant_id.as_str()).collect();
            panic!("no {grant_id} among {ids:#?}")
        })
    }
}

/// Scopes that come from the authorization details.
pub(crate) const DETAILS: [&str; 5] = ["iam.users", "iam.groups", "iam.policies", "iam.role-trusts", "iam.roles"];
/// Scopes that come from the credential report.
pub(crate) const REPORT: [&str; 4] = ["iam.passwords", "iam.access-keys", "iam.certificates", "iam.mfa-devices"];
/// Scopes that no document carries.
pub(crate) const NOWHERE: [&str; 3] =
    ["iam.ssh-public-keys", "iam.service-specific-credentials", "sso.account-assignments"];

/// Each scope ends sealed, or with a gap: none is forgotten.
pub(crate) fn each_scope_ends(seen: &Seen) {
    for scope in &seen.declared {
        let gap = seen.gaps.iter().any(|gap| gap.scope.as_ref().is_some_and(|name| name.as_str() == scope));
        assert!(gap || seen.sealed.contains_key(scope), "{scope} ended in silence");
    }
}
