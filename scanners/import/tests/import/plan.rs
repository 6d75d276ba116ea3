//! Which file serves which scope: nothing that is declared is ever missing from the report.

use scan_contract::{AccessKind, Cause, Scanner as _, ScopeName, ScopeState};
use scan_import::{CsvSettings, Field, FileSettings, Format, Import, Settings};

use crate::common::{File, Memory, Outcome, native, run, settings};
use crate::native::{ACCOUNT, END, HEADER, TOKEN, lines};

fn documents(files: &[(&str, File)]) -> Memory {
    Memory(files.iter().map(|(path, file)| ((*path).into(), file.clone())).collect())
}

fn whole() -> File {
    File::Bytes(lines(&[HEADER, ACCOUNT, TOKEN, END]))
}

fn declaring(scopes: &[&str], files: &[&str]) -> Settings {
    let mut settings = settings(files.iter().map(|path| native(path)));
    settings.scopes = Some(scopes.iter().map(|name| ScopeName::from(*name)).collect());
    settings
}

fn causes<'o>(outcome: &'o Outcome, scope: &str) -> Vec<&'o Cause> {
    outcome.scope(scope).gaps.iter().map(|(_, cause)| cause).collect()
}

#[test]
fn a_declared_scope_that_the_header_does_not_name_is_not_attempted() {
    let outcome = run(&declaring(&["accounts", "sessions"], &["crm.ndjson"]), &documents(&[("crm.ndjson", whole())]));
    assert_eq!(outcome.state("sessions"), ScopeState::NotAttempted);
    assert!(matches!(causes(&outcome, "sessions")[..], [Cause::NotInSource { .. }]));
    assert_eq!(outcome.state("accounts"), ScopeState::Complete);
    assert_eq!(outcome.state("api-tokens"), ScopeState::Complete, "what the header claims beyond that is read");
}

#[test]
fn a_gap_line_says_more_than_not_in_the_file() {
    let gap = r#"{"record":"gap","scope":"sessions","cause":"denied","detail":"x"}"#;
    let file = File::Bytes(lines(&[HEADER, ACCOUNT, TOKEN, gap, END]));
    let outcome = run(&declaring(&["sessions"], &["crm.ndjson"]), &documents(&[("crm.ndjson", file)]));
    assert_eq!(outcome.state("sessions"), ScopeState::Denied);
    assert_eq!(causes(&outcome, "sessions").len(), 1);
}

#[test]
fn a_file_that_cannot_be_opened_keeps_its_scopes() {
    for (file, state) in [(Some(File::Denied), ScopeState::Denied), (None, ScopeState::Failed)] {
        let files: Vec<_> = file.into_iter().map(|file| ("crm.ndjson", file)).collect();
        let outcome = run(&declaring(&["accounts", "sessions"], &["crm.ndjson"]), &documents(&files));
        assert_eq!((outcome.state("accounts"), outcome.state("sessions")), (state, state));
        let named = run(&settings([native("crm.ndjson")]), &documents(&files));
        assert_eq!(named.state("crm.ndjson"), state, "without a declared scope the file stands for itself");
    }
}

#[test]
fn one_lost_file_leaves_the_others_alone() {
    let tokens = HEADER.replace("\"accounts\",", "");
    let file = File::Bytes(lines(&[&tokens, TOKEN, r#"{"record":"end","counts":{"api-tokens":1}}"#]));
    let declared = declaring(&["accounts", "api-tokens"], &["accounts.ndjson", "tokens.ndjson"]);
    let outcome = run(&declared, &documents(&[("tokens.ndjson", file)]));
    assert_eq!(outcome.state("accounts"), ScopeState::Failed);
    assert_eq!(outcome.state("api-tokens"), ScopeState::Complete);
    assert_eq!(outcome.ids(), ["tok_81"]);
}

#[test]
fn a_scope_that_two_files_claim_is_whole_in_neither() {
    let outcome = run(
        &settings([native("a.ndjson"), native("b.ndjson")]),
        &documents(&[("a.ndjson", whole()), ("b.ndjson", whole())]),
    );
    for scope in ["accounts", "accounts (b.ndjson)", "api-tokens", "api-tokens (b.ndjson)"] {
        assert_eq!(outcome.state(scope), ScopeState::Partial, "{scope}");
    }
    assert_eq!(outcome.accesses.len(), 4, "no record is thrown away");
}

#[test]
fn the_identity_differs_only_if_no_file_is_from_the_system() {
    let foreign = File::Bytes(lines(&[&HEADER.replace("\"crm\"", "\"erp\""), ACCOUNT, TOKEN, END]));
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let identity = |documents: Memory| {
        let import = Import::new(settings([native("a.ndjson"), native("b.ndjson")]), std::sync::Arc::new(documents));
        runtime.block_on(import.expect("a scanner").identify()).expect("files are looked at")
    };
    let found = identity(documents(&[("a.ndjson", foreign.clone())]));
    assert_eq!((found.declared.as_str(), found.found.as_str()), ("crm", "erp"));
    assert_eq!(identity(documents(&[("a.ndjson", foreign), ("b.ndjson", whole())])).found, "crm");
    assert_eq!(identity(documents(&[])).found, "crm", "a lost file has no identity; it fails by itself");
}

#[test]
fn settings_that_cannot_be_followed_are_told_all_at_once() {
    let mut csv = CsvSettings::new(ScopeName::from("accounts"), AccessKind::Account);
    csv.values.insert(Field::Email, [(String::from("x"), Vec::new())].into());
    csv.values.insert(Field::Status, [(String::from("on"), vec![String::from("A"), String::from("A")])].into());
    csv.formats.insert(Field::CreatedAt, String::from("%d.%m.%Y %H:%M"));
    csv.formats.insert(Field::Login, String::from("%Y"));
    let file = |path: &str| FileSettings { path: path.into(), format: Format::Csv(Box::new(csv.clone())) };
    let settings = settings([file("a.csv"), file("a.csv")]);
    let keys: Vec<String> = settings.problems().into_iter().map(|problem| problem.key).collect();
    for key in [
        "files[0].columns.grant_id",
        "files[0].values.email",
        "files[0].values.status",
        "files[0].formats.created_at",
        "files[0].formats.login",
        "files[1].path",
        "files[1].scope",
    ] {
        assert!(keys.contains(&key.to_owned()), "{key} is missing in {keys:?}");
    }
    assert_eq!(crate::common::settings([native("crm.ndjson")]).problems(), []);
}
