//! The JSON documents of an AWS account, read by the whole scanner.

use std::collections::BTreeMap;
use std::sync::Arc;

use holdover_kit::memory::MemoryDocuments;
use scan_aws::{AccountId, Aws, Settings};
use scan_contract::{Access, Cause, EndProof, Gap, Item, Scanner as _, channel};

use crate::help::swapped::wait;
use crate::help::{now, variant};

pub(super) const HOLDS: &str =
    "no scanner's own mistake; a document that is no whole JSON is never without a gap; the same twice";

const REPORT: &str = "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,\
    password_next_rotation,mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,\
    access_key_1_last_used_region,access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated,\
    access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,\
    cert_1_last_rotated,cert_2_active,cert_2_last_rotated\n\
    ana,arn:aws:iam::123456789012:user/ana,2020-01-01T00:00:00+00:00,false,N/A,N/A,N/A,false,true,\
    2026-01-01T00:00:00+00:00,N/A,N/A,N/A,false,N/A,N/A,N/A,N/A,false,N/A,false,N/A\n";
const DETAILS: &str = r#"{"UserDetailList":[{"Path":"/","UserName":"ana","UserId":"AIDAEXAMPLE","Arn":"arn:aws:iam::123456789012:user/ana","CreateDate":"2020-01-01T00:00:00+00:00","GroupList":[],"AttachedManagedPolicies":[]}],"GroupDetailList":[],"RoleDetailList":[],"Policies":[],"IsTruncated":false}"#;
const KEYS: &str = r#"[{"AccessKeyMetadata":[{"UserName":"ana","AccessKeyId":"AKIAIOSFODNN7EXAMPLE","Status":"Active","CreateDate":"2026-01-01T00:00:00+00:00"}],"IsTruncated":false}]"#;

#[derive(Debug, Default, PartialEq)]
struct Read {
    found: Vec<Access>,
    gaps: Vec<Gap>,
    notices: Vec<String>,
    seals: BTreeMap<String, EndProof>,
    failed: Vec<Cause>,
}

pub(super) fn run(bytes: &[u8]) {
    let (choice, bytes) = variant(bytes);
    let read = || match choice {
        b'k' => scan(DETAILS.as_bytes(), bytes),
        _ => scan(bytes, KEYS.as_bytes()),
    };
    let seen = read();
    if bytes.len().is_multiple_of(4) {
        assert_eq!(seen, read(), "not the same twice");
    }
    for cause in seen.gaps.iter().map(|gap| &gap.cause).chain(&seen.failed) {
        assert!(!matches!(cause, Cause::Bug { .. }), "{cause}");
    }
    let whole = serde_json::Deserializer::from_slice(bytes).into_iter::<serde_json::Value>().all(|part| part.is_ok());
    if !whole || bytes.trim_ascii().is_empty() {
        assert!(!seen.gaps.is_empty() || !seen.failed.is_empty(), "no JSON, and no gap: {seen:?}");
    }
}

fn scan(details: &[u8], keys: &[u8]) -> Read {
    let mut documents = MemoryDocuments::new();
    documents.put("details.json", details);
    documents.put("report.csv", REPORT.as_bytes());
    documents.put("keys.json", keys);
    let account = AccountId::parse("123456789012").expect("twelve digits");
    let mut settings = Settings::new("aws-prod".into(), account, now());
    settings.documents.authorization_details = Some("details.json".into());
    settings.documents.credential_report = Some("report.csv".into());
    settings.documents.access_keys = Some("keys.json".into());
    wait(async {
        let scanner = Aws::new(settings, Arc::new(documents)).expect("a manifest");
        let mut read = Read::default();
        let passes = match scanner.declare().await {
            Ok(passes) => passes,
            Err(cause) => {
                read.failed.push(cause);
                return read;
            }
        };
        for pass in passes {
            let (outlet, mut items) = channel(4);
            let (sealed, ()) = tokio::join!(scanner.read(&pass, outlet), async {
                while let Some(item) = items.recv().await {
                    take(&mut read, item);
                }
            });
            read.failed.extend(sealed.err());
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
